// Has nothing to do with the reducers, and is not compiled again when they change.
int other() { return 0; }
