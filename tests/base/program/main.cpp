// A program that runs another one, as a node does, for tests that kill it: its arguments are what
// to run, and it says "started" once that has said something.
#include <cstdio>

#include "baton/base/guarded_process.hpp"

int main(int argc, char** argv) {
    baton::GuardedProcess process({.program = argv[1],
                                   .arguments = {argv + 1, argv + argc},
                                   .variables = {"PATH=/usr/bin:/bin"}});
    while (!process.wait(std::chrono::milliseconds(20))) {
        char byte = 0;
        if (::read(process.output().number(), &byte, 1) <= 0) continue;
        std::puts("started");
        std::fflush(stdout);
    }
}
