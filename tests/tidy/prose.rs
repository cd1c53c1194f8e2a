//! Checks the prose of the repository: old terms, and the width of lines.
