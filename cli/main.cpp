// The stock `baton` binary: every verb, and the SQL reducers that its flags and files name.
#include "baton/cli/app.hpp"

int main(int argc, char** argv) {
    baton::App app;
    return app.run(argc, argv);
}
