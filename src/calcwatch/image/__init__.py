"""One image -> findings: prepare, find, measure, name look-alikes, group, describe. Pure."""
