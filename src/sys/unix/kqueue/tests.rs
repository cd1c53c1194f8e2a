//! What is special about kqueue(2).
