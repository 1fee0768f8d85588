"""Commands that hand results on and take identity away: export, deidentify."""
