"""A figure's bundle: its files, what they hold, and where they stand below outputs/."""
