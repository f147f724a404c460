"""What templates may call: functions and filters, registered once."""
