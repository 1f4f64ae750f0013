// The child of tests/local_bus/conformance_test.cpp, in C++. `bus_child agent 1234.5` is a program
// with two such children, each of which has started a `sleep 1234.5` of its own, until SIGTERM.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include "baton/local_bus/bus.hpp"
#include "baton/local_bus/child.hpp"
#include "local_bus/conformance.hpp"

namespace baton::testing {
namespace {

class Child {
public:
    void run() {
        bus_.subscribe<Scale>({.depth = 64, .when_full = Conflate{}}, [&](const Scale& scale) {
            scale_ = scale.number;
            bus_.publish(Scale{scale_}, {.topic = "scaled"});
        });
        bus_.work<Piece>([&](const Piece& piece) { return work(piece); });
    }

private:
    Sum work(const Piece& piece) {
        if (piece.what == "fail") throw std::runtime_error("told to fail");
        if (piece.what == "exit") ::_exit(3);
        if (piece.what == "publish") {
            for (const std::int64_t number : piece.numbers) bus_.publish(Number{number});
        }
        if (piece.what == "log") {
            bus_.log("info", "a line for the log");
            std::puts("a line on stdout");
            std::fflush(stdout);
        }
        if (piece.what == "loop") loop();
        std::int64_t sum = 0;
        for (const std::int64_t number : piece.numbers) sum += number;
        return {piece.what, scale_ * sum};
    }

    void loop() {
        bus_.publish(Number{1});
        while (!bus_.cancelled()) std::this_thread::yield();
        bus_.publish(Number{2});
    }

    BusChild bus_;
    std::int64_t scale_ = 1;
};

void be_agent(const char* program, const char* sleep) {
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, nullptr);
    Bus bus;
    auto pool = bus.fan_out<Piece, Sum>(
        {.threads = 0, .processes = {{program, "child", sleep}, {program, "child", sleep}}});
    for (int i = 0; i < 16; ++i) pool.push({"sum", {1}});
    for (int i = 0; i < 16; ++i) {
        if (!pool.next().value().value) std::abort();
    }
    std::puts("ready");
    std::fflush(stdout);
    int signal = 0;
    sigwait(&term, &signal);
}

}  // namespace
}  // namespace baton::testing

int main(int argc, char** argv) {
    const std::string mode = argc == 3 ? argv[1] : "";
    if (mode == "agent") {
        baton::testing::be_agent(argv[0], argv[2]);
        return 0;
    }
    if (mode == "child") {
        // One in its group, one that leaves it.
        const std::string sleep = std::string("sleep ") + argv[2];
        if (std::system((sleep + " & setsid " + sleep + " &").c_str()) != 0) return 1;
    }
    baton::testing::Child().run();
}
