"""One table of limits to what a stranger's file, report, archive or server may ask for.

Each leaves ample room for the largest thing of its kind that is known, and is far below what a machine has.
What is beyond is refused with words, before it is read or unpacked where its size can be known: what is one
above, ``tests/test_limits.py`` shows for each. How long kernels, downloads or workers are waited for stands
where they are used: that guards no reader.
"""

from __future__ import annotations

CHANGES_NO_DIGIT = True  # of a training: see code_closure
KIB, MIB, GIB = 2**10, 2**20, 2**30

# --- files that are read as a whole: bytes, by the end of the name

FILE_BYTES = {
    ".json": 64 * MIB,  # records and indices: some hundred kilobytes, of thousands of variants some megabytes
    ".toml": 16 * MIB,  # 20,000 variants, which nobody writes by hand, are 3 MB
    ".ipynb": 256 * MIB,  # with their pictures; of two hundred cells, each with one, 50 MB
    ".npz": GIB,  # checkpoints: weights and two moments of a model of 80 million parameters
    ".pdf": 512 * MIB,  # a report of thousands of variants, with what is attached, has some ten
    ".svg": 64 * MIB,  # a figure has some hundred kilobytes
    ".png": 64 * MIB,
    ".csv": 64 * MIB,  # a row an epoch, or a variant
    ".lock": MIB,  # a line a package
    ".made": 64 * MIB,  # a line a path
}
OTHER_FILE_BYTES = 256 * MIB  # of a notebook's own kind of file, that the report attaches

# --- JSON and TOML

JSON_DEPTH = 100  # lists and objects in each other: records have 6, notebooks 8; Python ends near 1000
TOML_DEPTH = 20  # tables and lists in each other: an experiments file has 4
LINEAGE = 100  # variants of which each extends the next: a plan has 3, and each costs as many looks
CODE_DEPTH = 150  # of Python: a sum of 140 terms, say; the reader of Python itself ends near 200
REASON_DEPTH = 5  # reasons within one another: there are 3 where a need of a need failed

# --- arrays (.npz)

ARRAYS = 10_000  # of one file: a checkpoint has some for each layer
ARRAY_HEADER_BYTES = 16 * KIB  # NumPy's own have 128; it reads no more than 10,000 characters itself
ARRAY_DIMENSIONS = 32  # what every NumPy has
UNPACKED_BYTES = 512 * MIB  # of all the arrays of one result: predictions of 10,000 images have 1
SCORES_BYTES = 256 * MIB  # of one result's scores: a million cases under 32 metrics
CHECKPOINT_BYTES = GIB  # of a checkpoint's arrays: they are not packed, so as its file
DATA_SET_BYTES = 256 * MIB  # of the four arrays together: CIFAR-10 has 184
PIECE_BYTES = 2 * MIB  # that a reader of archives may ask for at once; ours ask for half of it

# --- a data set's archive, of whatever form

IMAGES = 100_000  # of one array: twice what there are
DATA_FILE_BYTES = 64 * MIB  # of a file in it: twice what a batch has
DATA_BYTES = 6 * DATA_FILE_BYTES  # of all its files: there are six batches
LABEL_FILE_BYTES = MIB  # of labels as JSON: 50,000 numbers have a tenth of it
PIXELS = 2 * 1024 * 10_000  # of a picture: twice what one has
DATA_FILES = 1000  # in an archive: the official one has eight
TAR_HEADERS_BYTES = MIB  # between two files: names as long as any system has are a hundredth
DATA_PLACES = 20  # folders within each other, or beside, that are looked into
PICKLE_STEPS = 200_000  # an official batch has 30,000
PICKLE_KEYS = 32  # of a dictionary: a batch has four
PICKLE_LENGTH = 2**31  # along one dimension

# --- a report that is verified

VERIFY_MEMORY = 4 * GIB  # bytes for each of its processes: to render the longest report takes one
VERIFY_SECONDS = 900.0  # in all: 3,000 variants take two minutes
ATTACHED_BYTES = 512 * MIB  # unpacked: a report of thousands of variants attaches a tenth of that
FONT_BYTES = 32 * MIB  # of an embedded font, unpacked: the largest that is shipped has one
LIKENESS_BYTES = 64 * MIB  # of one report's losses, image by image: 21 trainings of CIFAR-10 have 1.3
REPORTS = 1000  # of one class: each pair is compared, and 60 take minutes
ATTACHMENTS = 50_000  # in number: of a hundred variants each with its files, a report has some hundred
OBJECTS = 2_000_000  # in its tables: a report of thousands of variants has a hundredth
REVISIONS = 20  # a report that two have signed has three
PAGE_WORDS = 20_000  # of a page, compared one by one: a page of text has 600
ENTANGLED = 4  # pairs for each object of ours: more would be a file made to be compared for ever

STATES_BYTES = 512 * MIB  # of one training, while it runs: further apart epochs of a larger one are kept
# Bytes of all attachments as the PDF packs them, if states are among them; the largest are left out first. A
# message adds more than a third: 20 MB take 14.6 of PDF and notebook; pages have 1 of these, the notebook 2.
ATTACHED_WITH_STATES = 11_000_000
ATTACHED_FOR_MAIL = 14_000_000  # without states: with more, no message takes the PDF, not even alone
ATTACHED_AT_MOST = 18_500_000  # with states, where no message takes it anyway: the PDF stays below 20 MB
REPLAY_SECONDS = 3600.0  # of one epoch trained again: the slowest of this practice takes a tenth of it

# --- mail, and what opens a key

PASSPHRASE_BYTES = 4 * KIB  # of one line
HEADER_CHARACTERS = 1000  # of a subject or name: more than anybody would read
HEADER_READINGS = 8  # codes in codes: a mail program writes one
ANSWER_BYTES = 64 * KIB  # of a server: the longest there is lists what it can do, in a kilobyte
ANSWERS_TIME = 10  # times what one answer may take, for all: a delivery needs about ten

# --- a cluster's workers, and the terminal

PROGRESS_CHARACTERS = 10_000  # of what a worker tells of a variant: a number for each of thousands of epochs
LINE_CHARACTERS = 10_000  # of one line of foreign text on the terminal
