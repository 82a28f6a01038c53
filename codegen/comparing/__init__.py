"""What changed between two revisions of the project, in the words of those who use the package."""
