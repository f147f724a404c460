"""Malformed experiments files. Each goes through ``plan``, which reads all and runs nothing."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bad import Bad

HEAD = 'title = "t"\npractice = "runner.practice"\nbaseline = "base"\n[profiles.full]\ndraft = false\n'
BASE = """
[variants.base]
label = "modelo base"
group = "baseline"
[variants.base.parameters]
dataset = "digits"
validation_fraction = 0.25
seed = 1
filters = [4, 8]
dense = [8]
loss = "categorical_crossentropy"
optimizer = "adam"
learning_rate = 0.001
batch_size = 64
epochs = 1
"""
OTHER = '\n[variants.other]\nlabel = "otra"\ngroup = "batch"\nextends = "base"\n'
CHOICE = OTHER + '[[variants.other.choose]]\nlabel = "x"\n'
NOTE = '\n[notebooks.n]\nlabel = "x"\nnotebook = "experiment.ipynb"\n'
GOOD = HEAD + BASE
LADDER = """
[ladder]
question = 12
to = "x"
[[ladder.steps]]
name = "a"
label = "a"
parameters = ["epochs"]
[[ladder.steps]]
name = "b"
label = "b"
parameters = ["seed"]
"""
NAMING = "not a name: 1 to 40 of a-z, 0-9 and -"
PARAMETERS = "variants.base.parameters: "


def changed(key: str, value: str) -> str:
    """A good file in which one parameter of the base has another value."""
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"{key} =")]
    return "\n".join([*lines, f"{key} = {value}\n"])


def seeded(seeds: str) -> str:
    """A good file whose profile has these seeds."""
    return GOOD.replace("draft", f"seeds = {seeds}\ndraft")


def named(name: str) -> str:
    """A good file with one more variant, of that name."""
    return GOOD + OTHER.replace("variants.other", f"variants.{name}")


def wrong(name: str, content: str | bytes, *says: str, notebook: str = '{"cells": []}') -> Bad:
    """A row with this file, beside a notebook; the answer must name the file as well."""

    def make(folder: Path) -> None:
        data = content if isinstance(content, bytes) else content.encode()
        (folder / "experiments.toml").write_bytes(data)
        (folder / "experiment.ipynb").write_text(notebook, encoding="utf-8")

    path = "{folder}/experiments.toml"
    words = ("plan", "--profile", "full", "--plan", path)
    # A fault of the notebook is told with the notebook's own path.
    where = path if notebook == '{"cells": []}' else "{folder}/experiment.ipynb"
    return Bad(f"file: {name}", words, (where, *says), make)


def cells(*found: object) -> str:
    """A notebook with these cells."""
    return json.dumps({"cells": found})


def code(source: object, **metadata: object) -> dict[str, object]:
    """A code cell."""
    return {"cell_type": "code", "source": source, "metadata": metadata}


MARGIN = "needs a number above 0, or { relative = a share between 0 and 1 }; found: "
MARGINS = [
    wrong(f"{given} as a margin", f"{GOOD}[margins]\n{key} = {given}\n", f"margins{says}")
    for key, given, says in [
        ("accuracy", "0", f".accuracy: {MARGIN}0"),
        ("accuracy", '"1 %"', f'.accuracy: {MARGIN}"1 %"'),
        ("accuracy", "true", f".accuracy: {MARGIN}true"),
        ("accuracy", "1.0", ": accuracy is a share: 0.01 is one point (found: 1)"),
        ("cross_entropy", "{ relative = 5 }", f'.cross_entropy: {MARGIN}{{"relative": 5}}'),
        ("cross_entropy", "{ relativ = 0.05 }", f'.cross_entropy: {MARGIN}{{"relativ": 0.05}}'),
        ('"a b"', "1.5", ".a b: not a metric: a letter, then letters, digits, _ and -"),
        ("error", "inf", ".error: inf is not a finite number"),
    ]
]
FORM = [
    wrong("half a line", "title = \n", "not valid TOML", "line 1", "hint: texts need quotes"),
    wrong("empty", "", "title: Field required", "profiles: Field required"),
    wrong("binary", b"\0\0\0", "not valid TOML", "line 1"),
    wrong("Latin-1", GOOD.replace("modelo", "módelo").encode("latin-1"), "not UTF-8 from byte", "hint: save"),
    wrong("UTF-16", GOOD.encode("utf-16"), "not UTF-8 from byte 0", "hint: save the file as UTF-8"),
    wrong("a table twice", GOOD + BASE, "not valid TOML", "variants"),
    wrong("a key twice", 'title = "a"\n' + GOOD, "not valid TOML", "line 2"),
    wrong("a number of 5000 digits", changed("epochs", "9" * 5000), "not usable TOML", "integer"),
    wrong("3000 brackets", f"title = {'[' * 3000}{']' * 3000}", "not usable TOML", "recursion"),
    wrong("40 brackets", GOOD + NOTE + f"parameters = {{ x = {'[' * 40}{']' * 40} }}", "more than 20 deep"),
    wrong("a title of two", HEAD.replace('"t"', '["t", "u"]') + BASE, "title", "string", "a list of 2"),
    wrong("a control character", HEAD.replace('"t"', '"t\\u0001"') + BASE, "title: control characters"),
    wrong("no variants", HEAD, "baseline: 'base' is not defined"),
    wrong("nothing to run", HEAD.replace('baseline = "base"', ""), "neither variants nor notebooks"),
    wrong("no baseline", HEAD.replace('baseline = "base"', "") + BASE, "needed, because there are variants"),
    wrong("no templates", 'templates = "nowhere"\n' + GOOD, "templates", "no report.html"),
    wrong("variants as text", 'variants = "x"\n' + HEAD, "variants: Input should be an object (found: 'x')"),
    wrong("a variant as text", HEAD + '[variants]\nbase = "x"\n', "variants.base", "object (found: 'x')"),
    wrong("choices as text", GOOD + OTHER + 'choose = "x"\n', "variants.other.choose", "array (found: 'x')"),
    wrong("author as list", 'author = ["Ana"]\n' + GOOD, "author: Input should be an object", "a list of 1"),
    wrong("names as text", GOOD + '[author]\nnames = "Ana"\n', "author.names", "array (found: 'Ana')"),
    wrong("handin as table", GOOD + '[handin]\nnotebook = "base"\n', "handin", "array (found: a table of 1)"),
]
NAMES = [
    wrong("a name with a space", named("'a b'"), "variants.a b", NAMING, "'a b'"),
    wrong("a name with a slash", named("'a/b'"), "variants.a/b", NAMING),
    wrong("a name with a dot", named("'a.b'"), "variants.a.b", NAMING),
    wrong("two dots", named("'..'"), NAMING, "(found: '..')"),
    wrong("a name with a line feed", named('"ab\\n"'), NAMING, "'ab\\n'"),
    wrong("an empty name", named("''"), NAMING, "(found: '')"),
    wrong("41 letters", named("a" * 41), NAMING),
    wrong("only the case differs", named("Base"), "variants.Base", NAMING),
    wrong("an accent", named("'válida'"), NAMING, "válida"),
    wrong("a device of Windows", named("con"), "variants.con", "a device's name on Windows"),
    wrong("a device as group", GOOD + OTHER.replace('"batch"', '"lpt1"'), "variants.other.group", "Windows"),
    wrong(
        "unknown baseline", HEAD.replace('"base"', '"no"') + BASE, "baseline", "'no' is not defined", "base"
    ),
    wrong("notebook named as a variant", GOOD + NOTE.replace("notebooks.n", "notebooks.base"), "same name"),
]
KEYS = [
    wrong("unknown key of a profile", HEAD + "colour = 1\n" + BASE, "profiles.full.colour", "max_epochs"),
    wrong("draft is a number", HEAD.replace("= false", "= 3") + BASE, "profiles.full.draft", "boolean", "3"),
    wrong("no such profile", HEAD.replace("full", "tiny") + BASE, "no profile 'full'; there are: tiny"),
    wrong("max_epochs 0", HEAD + "max_epochs = 0\n" + BASE, "profiles.full.max_epochs", "greater", "0"),
    wrong(
        "a profile's parameter",
        HEAD + "parameters = { batch_size = 0 }\n" + BASE,
        "profiles.full.parameters: batch_size",
    ),
    wrong("no group", HEAD + BASE.replace('group = "baseline"', ""), "variants.base.group: Field required"),
    wrong("a label that is a number", HEAD + BASE.replace('"modelo base"', "7"), "variants.base.label", "7"),
    wrong("unknown table", GOOD + "[variants.base.more]\n", "variants.base.more: unknown key", "extends"),
    wrong("questions", GOOD + OTHER + "questions = [0, 100]\n", "questions.0", "questions.1", "(found: 100)"),
    wrong("a question as text", GOOD + OTHER + 'questions = ["7"]\n', "questions.0", "integer (found: '7')"),
    wrong(
        "a path as output", GOOD + '[output]\nnotebook = "../x"\n', "output.notebook", "not a name", "../x"
    ),
    wrong(
        "another file's name",
        GOOD + '[output]\nmessage = "report"\n',
        "output.message",
        "report.json is another",
    ),
    wrong(
        "cells of handin",
        GOOD + '[[handin]]\nnotebook = "base"\ncells = "x"\n',
        "'all', 'code' or 'folded'",
        "'x'",
    ),
    wrong(
        "handin of nobody", GOOD + '[[handin]]\nnotebook = "zz"\n', "handin.0.notebook: 'zz' is not defined"
    ),
]
VALUES = [
    wrong(
        "batch size 0", changed("batch_size", "0"), PARAMETERS + "batch_size", "greater than or equal to 1"
    ),
    wrong("half a batch", changed("batch_size", "2.5"), "batch_size", "integer", "2.5"),
    wrong("batch size as text", changed("batch_size", '"64"'), "batch_size", "integer", "'64'"),
    wrong("batch size true", changed("batch_size", "true"), "batch_size", "integer", "True"),
    wrong("huge epochs", changed("epochs", "9" * 400), "epochs", "less than or equal to 1000", "999..."),
    wrong("epochs 0", changed("epochs", "0"), "epochs", "greater than or equal to 1"),
    wrong("negative filters", changed("filters", "[-1]"), "filters.0", "greater than or equal to 1", "-1"),
    wrong("no filters", changed("filters", "[]"), "filters", "at least 1"),
    wrong("33 blocks", changed("filters", str([1] * 33)), "filters", "at most 5", "a list of 33"),
    wrong("filters as text", changed("filters", '"4, 8"'), "filters", "array (found: '4, 8')"),
    wrong("fraction above 1", changed("validation_fraction", "1.2"), "validation_fraction", "less than 1"),
    wrong("fraction 0", changed("validation_fraction", "0"), "validation_fraction", "greater than 0"),
    wrong("fraction NaN", changed("validation_fraction", "nan"), "validation_fraction: nan is not a finite"),
    wrong("negative rate", changed("learning_rate", "-0.1"), "learning_rate", "greater than 0"),
    wrong("infinite rate", changed("learning_rate", "inf"), "learning_rate: inf is not a finite number"),
    wrong("rate 1e400", changed("learning_rate", "1e400"), "learning_rate: inf is not a finite number"),
    wrong("optimizer", changed("optimizer", '"adamm"'), "optimizer", "'adam'", "'sgd'", "adamm"),
    wrong("loss", changed("loss", '"mse"'), "loss", "categorical_crossentropy", "mse"),
    wrong("dataset", changed("dataset", '"mnist"'), "dataset", "cifar10", "digits"),
    wrong("even kernel", changed("kernel_size", "4"), "kernel_size", "3"),
    wrong("AdamW without decay", changed("optimizer", '"adamw"'), "'adamw' needs a weight_decay above 0"),
    wrong("momentum of Adam", changed("momentum", "0.9"), "momentum needs optimizer 'sgd'"),
    wrong("Muon without a rate", changed("optimizer", '"muon"'), "'muon' needs a kernel_rate above 0"),
    wrong(
        "a rate of nothing",
        changed("kernel_rate", "0.1"),
        "needs a kernel_rate above 0, and no other has one",
    ),
    wrong("Muon at rest", changed("optimizer", '"muon"\nkernel_rate = 0.1'), "needs a momentum above 0"),
    wrong(
        "Muon without normalisation",
        changed("optimizer", '"muon"\nkernel_rate = 0.1\nmomentum = 0.9'),
        "needs batch_norm",
    ),
    wrong("biases apart", changed("bias_rate", "8.0"), "bias_rate needs optimizer 'muon'"),
    wrong("a second bias", changed("stem_bias", "true"), "stem_bias needs stem 'whitening'"),
    wrong(
        "smoothed focal loss",
        changed("loss", '"categorical_focal_crossentropy"\nlabel_smoothing = 0.1'),
        "label_smoothing needs loss",
    ),
    wrong(
        "whitening nothing",
        changed("stem", '"whitening"'),
        "'whitening' needs an even number of stem_filters",
    ),
    wrong("27 filters that whiten", changed("stem", '"whitening"\nstem_filters = 27'), "from 2 to 24"),
    wrong("scale 0", changed("output_scale", "0"), "output_scale", "greater than 0"),
    wrong("unknown parameter", changed("colour", "1"), PARAMETERS + "colour: unknown key", "batch_size"),
    wrong("a date", changed("seed", "2026-01-01"), "seed: dates and times are not used", "2026-01-01"),
    wrong("negative seed", changed("seed", "-1"), "seed", "greater than or equal to 0"),
    wrong("no seed", HEAD + BASE.replace("seed = 1\n", ""), "seed: Field required"),
    wrong(
        "in a heir", GOOD + OTHER + "parameters = { batch_size = -4 }\n", "variants.other", "batch_size", "-4"
    ),
    wrong("NaN for a notebook", GOOD + NOTE + "parameters = { x = nan }\n", "notebooks.n.parameters.x: nan"),
]
LINKS = [
    wrong(
        "extends nobody",
        GOOD + OTHER.replace('"base"', '"no"'),
        "variants.other.extends: 'no' is not defined",
    ),
    wrong("extends itself", GOOD + OTHER.replace('"base"', '"other"'), "a cycle: other -> other"),
    wrong(
        "extends in a circle",
        GOOD.replace('group = "baseline"', 'group = "x"\nextends = "other"') + OTHER,
        "variants.base.extends: a cycle: base -> other -> base",
    ),
    wrong(
        "choice of an unknown parameter",
        GOOD
        + CHOICE
        + 'parameters = ["size"]\namong = ["base", "x"]\n'
        + OTHER.replace("variants.other", "variants.x"),
        "unknown parameter 'size'",
        "batch_size",
    ),
    wrong(
        "choice among nobody",
        GOOD + CHOICE + 'parameters = ["epochs"]\namong = ["base", "gone"]\n',
        "variants.other.choose.0.among: 'gone' is not defined",
    ),
    wrong(
        "choice of itself",
        GOOD + CHOICE + 'parameters = ["epochs"]\namong = ["base", "other"]\n',
        "depends on a choice itself",
    ),
    wrong(
        "choice among one, twice",
        GOOD + CHOICE + 'parameters = ["epochs"]\namong = ["base", "base"]\n',
        "choose.0.among: names a variant twice",
    ),
    wrong("choice among one", GOOD + CHOICE + 'parameters = ["epochs"]\namong = ["base"]\n', "at least 2"),
    wrong("needs nobody", GOOD + NOTE + 'needs = ["zz"]\n', "notebooks.n.needs: 'zz' is not defined"),
    wrong(
        "needs a notebook",
        GOOD + NOTE + NOTE.replace("s.n]", "s.m]") + 'needs = ["n"]\n',
        "notebooks.m.needs",
    ),
    wrong("after an unknown group", GOOD + NOTE + 'after = ["zz"]\n', "notebooks.n.after: 'zz'", "baseline"),
    wrong(
        "after itself",
        GOOD + NOTE + 'after = ["n"]\n',
        "'n' does not stand above 'n'",
        "hint: a notebook waits",
    ),
    wrong(
        "after each other",
        GOOD + NOTE + 'after = ["m"]\n' + NOTE.replace("s.n]", "s.m]") + 'after = ["n"]\n',
        "notebooks.n.after: 'm' does not stand above 'n'",
    ),
]
NOTEBOOKS = [
    wrong(
        "no notebook",
        GOOD + OTHER + 'notebook = "none.ipynb"\n',
        "variants.other.notebook: no notebook",
        "none.ipynb",
        "hint: there are: experiment.ipynb",
    ),
    wrong("notebook is a folder", GOOD + OTHER + 'notebook = ""\n', "variants.other.notebook: no notebook"),
    wrong(
        "notebook outside",
        GOOD + OTHER + 'notebook = "../a.ipynb"\n',
        "'../a.ipynb' is outside",
        "hint: copy",
    ),
    wrong("notebook anywhere", GOOD + OTHER + 'notebook = "/etc/passwd"\n', "'/etc/passwd' is outside"),
    wrong(
        "data that is not there",
        GOOD + NOTE + 'data = ["a.csv"]\n',
        "notebooks.n.data: no file or folder",
        "a.csv",
        "hint: paths are seen from the experiments file",
    ),
    wrong("data outside", 'data = ["../a.csv"]\n' + GOOD, "data: '../a.csv' is outside", "hint: copy it"),
    wrong("all as data", GOOD + OTHER + 'data = ["."]\n', "variants.other.data: '.' holds the experiments"),
    wrong("data without brackets", GOOD + OTHER + 'data = "a.csv"\n', "variants.other.data: "),
    wrong(
        "parameters without a cell",
        GOOD + NOTE + "parameters = { size = 3 }\n",
        "notebooks.n.parameters: the notebook has no size; allowed: none",
        "tagged 'parameters'",
    ),
    wrong("notebook is no JSON", GOOD, "not a notebook (no JSON)", "line 1", notebook="import numpy\n"),
    wrong("notebook is empty", GOOD, "not a notebook (no JSON)", notebook=""),
    wrong("notebook is a list", GOOD, "no list 'cells'", "hint: save it in notebook format 4", notebook="[]"),
    wrong("a cell without metadata", GOOD, "cell 1: not a cell", notebook=cells({"cell_type": "code"})),
    wrong("a source of numbers", GOOD, "cell 1: not a cell", notebook=cells(code([1, 2]))),
    wrong("not Python", GOOD, "cell 2: not Python", "line 1", notebook=cells(code("x = 1"), code("x = = 1"))),
    wrong("a magic", GOOD, "cell 1: not Python", "lines with % or !", notebook=cells(code("%time x = 1"))),
    wrong(
        "parameters that are no Python",
        GOOD,
        "cell 1: not Python",
        notebook=cells(code("a := 1", tags=["parameters"])),
    ),
]
WHITENING = '"whitening"\nstem_filters = 24'
UNTRAINED = 'title = "t"\n[profiles.full]\ndraft = false\n'
IMPOSSIBLE = [
    wrong(
        "five blocks after whitening",
        changed("stem", WHITENING).replace("[4, 8]", "[4, 4, 4, 4, 4]"),
        PARAMETERS + "filters: 5 blocks leave nothing of 31 x 31 pixels",
        "allowed here: 1 to 4 blocks",
    ),
    wrong(
        "15 images",
        changed("train_limit", "15"),
        "train_limit: 15 of 1437 images",
        "0 (all the images) or 21 to",
    ),
    wrong(
        "19 images of CIFAR-10",
        changed("train_limit", "19").replace('"digits"', '"cifar10"'),
        "train_limit: 19 of 50000 images",
        "20 to 49990",
    ),
    wrong("all but one", changed("train_limit", "1436"), "train_limit: 1436 of 1437", "to 1427"),
    wrong(
        "nothing to validate with",
        changed("validation_fraction", "0.0001"),
        PARAMETERS + "validation_fraction: 0.0001 of 1437 images gives 1436 images to train with and 1 to",
        "allowed here: 0.00695",
    ),
    wrong("nothing to train with", changed("validation_fraction", "0.999"), "gives 1 images to train with"),
    wrong(
        "a fraction of a limit",
        changed("train_limit", "40").replace("= 0.25", "= 0.2"),
        "validation_fraction: 0.2 of 40 images",
        "allowed here: 0.25 to 0.75",
    ),
    wrong(
        "a profile's limit",
        HEAD + "parameters = { train_limit = 15 }\n" + BASE,
        "profiles.full.parameters: train_limit: 15 of 1437 images",
    ),
    wrong(
        "a profile's data",
        HEAD + 'parameters = { dataset = "digits" }\n' + changed("train_limit", "1430")[len(HEAD) :],
        "train_limit: 1430 of 1437 images",
    ),
    wrong(
        "a batch of more than there is",
        changed("batch_size", "1078"),
        PARAMETERS.removesuffix(" ") + " batch_size: 1078 is more than the 1077 images",
        "allowed here: 1 to 1077",
    ),
    wrong("dropping all", changed("dropout", "1.0"), "dropout", "less than 1", "1.0"),
    wrong("a test limit", changed("test_limit", "5"), "test_limit: unknown key", "train_limit"),
    wrong(
        "a rate times the batch",
        changed("learning_rate_batch", "1").replace("= 0.001", "= 1.0"),
        "learning_rate x batch_size / learning_rate_batch is 64; at most 10 is allowed",
    ),
    wrong(
        "winners that don't go together",
        GOOD
        + OTHER
        + "parameters = { filters = [4, 4, 4, 4, 4] }\n"
        + OTHER.replace("other", "white")
        + 'parameters = { stem = "whitening", stem_filters = 24 }\n'
        + OTHER.replace("other", "best")
        + '[[variants.best.choose]]\nlabel = "x"\nparameters = ["filters"]\namong = ["base", "other"]\n'
        + '[[variants.best.choose]]\nlabel = "y"\nparameters = ["stem", "stem_filters"]\n'
        + 'among = ["base", "white"]\n',
        "variants.best.choose: if other and white won: filters: 5 blocks",
    ),
]
IGNORED = [
    wrong(
        "a profile's parameters without variants",
        UNTRAINED + "parameters = { points = 5 }\n" + NOTE,
        "profiles.full.parameters: nothing takes it, as there are no variants",
        "hint: the parameters of a notebook",
    ),
    wrong(
        "epochs without variants",
        UNTRAINED + "max_epochs = 2\n" + NOTE,
        "profiles.full.max_epochs: nothing takes it",
    ),
    wrong("seeds of nobody", seeded("{ x = 3 }"), "full.seeds: 'x' is not defined"),
    wrong("a variant without seeds", seeded("{ base = 0 }"), "full.seeds: a number from 1 to 50"),
    wrong("seeds in words", 'seeds = "many"\n' + GOOD, "seeds: a number from 1 to 50, 'auto'", "'many'"),
    wrong("a ladder to nobody", f"{GOOD}{LADDER}", "ladder.to: 'x' is not defined"),
    wrong("a ladder without its end", f"{GOOD}{LADDER}".replace('"x"', '"base"'), "the last step is 'b'"),
    wrong("seeds without variants", "seeds = 3\n" + UNTRAINED + NOTE, "seeds: nothing takes it"),
    wrong(
        "a parameter of another profile",
        GOOD + "[profiles.quick]\ndraft = true\nparameters = { colour = 1 }\n",
        "profiles.quick.parameters: unknown parameter 'colour'; allowed: activation",
    ),
]
THIRD = OTHER.replace("variants.other", "variants.third")
NO_FONT = "the report's fonts do not have"
LETTERS = [
    wrong("an emoji in a label", GOOD.replace("modelo", "🙂"), NO_FONT, "base.label: 🙂 (U+1F642)"),
    wrong(
        "an emoji made of several", GOOD.replace("modelo", "👩\u200d🔬"), "👩 (U+1F469), U+200D ZERO WIDTH"
    ),
    wrong("another script in the title", GOOD.replace('"t"', '"ทดสอบ"'), "title: ท (U+0E17)"),
    wrong("a hidden blank", GOOD.replace("modelo", "mo\u200bdelo"), "label: U+200B ZERO WIDTH SPACE"),
    wrong("a hidden hyphen", GOOD.replace("modelo", "mo\u00addelo"), "label: U+00AD SOFT HYPHEN"),
    wrong("a turned direction", GOOD.replace("modelo", "\u202emodelo"), "U+202E RIGHT-TO-LEFT OVERRIDE"),
    wrong("of private use", GOOD.replace("modelo", "\ue000"), "label: U+E000"),
    wrong("an accent on nothing", GOOD.replace("modelo", "a\u20d7"), "U+20D7 COMBINING RIGHT ARROW ABOVE"),
    wrong(
        "in the label of a choice",
        GOOD + THIRD + CHOICE.replace('"x"', '"数"') + 'parameters = ["dense"]\namong = ["base", "third"]\n',
        "variants.other.choose.0.label: 数 (U+6570)",
    ),
    wrong("in a notebook's label", GOOD + NOTE.replace('"x"', '"数"'), "notebooks.n.label: 数 (U+6570)"),
    wrong("in a name", GOOD + '[author]\nnames = ["Ana", "王"]\n', "author.names: 王 (U+738B)"),
    wrong(
        "in two places", GOOD.replace("modelo", "数") + '[author]\ncourse = "学"\n', "author.course: 学", "数"
    ),
]

ROWS = [*IMPOSSIBLE, *IGNORED, *MARGINS, *FORM, *NAMES, *KEYS, *VALUES, *LINKS, *NOTEBOOKS, *LETTERS]
