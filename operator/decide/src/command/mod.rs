//! Slash commands: from the text of a comment to a plan of effects on GitHub.
