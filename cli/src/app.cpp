// The command line; see app.hpp.
