"""What a user does: one file for each deed, used by the command line, the control plane and Python."""
