//! Empty: the package has only a test.
