"""The cycle-accurate machine model: engines that execute level `ou`, and what they find out."""
