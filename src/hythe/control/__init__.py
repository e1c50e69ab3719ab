"""The control plane: an API for what commands do, and the controller that moves rollouts on."""
