// run_process(): a program from its input to its end, with bounds on its time and on what is kept
// of its output.
//
// Whichever side fills or closes a pipe: nobody waits for ever, and nobody gets SIGPIPE. Output
// beyond the bounds is read and forgotten, so that a program which writes much is slowed down by
// nothing and costs no memory.
//
// Threads: may be called from several; `wish` and `on_output` are called on the calling one.
// Cost: that of GuardedProcess; while the program is silent, 20 wake-ups a second.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "baton/base/guarded_process.hpp"

namespace baton {

/// What is wanted of a process that runs.
enum class Wish : std::uint8_t {
    go_on,
    end,  ///< It is told by SIGTERM, once.
    die,  ///< It is killed, with all that GuardedProcess::kill() finds.
};

struct ProcessRun {
    ProcessOptions process;
    std::string_view input = {};         ///< What it reads on stdin, before that is closed.
    std::size_t output_max = 1U << 20U;  ///< How many of the last bytes are kept.
    std::size_t error_output_max = 4096;
    /// After which it gets SIGTERM; 0: never. What does not end within `patience` is killed.
    std::chrono::milliseconds time_limit{0};
    std::chrono::milliseconds patience{1000};
    /// Asked every 50 ms; none: Wish::go_on.
    std::function<Wish()> wish = {};
    /// Gets what is written on stdout, as it comes.
    std::function<void(std::string_view bytes)> on_output = {};
};

/// The last bytes of what a process wrote.
struct Tail {
    std::string bytes;
    bool is_cut = false;  ///< There were more before them.
};

struct ProcessOutcome {
    ProcessEnd end;
    bool is_late = false;     ///< Its time was over.
    Wish wish = Wish::go_on;  ///< What was wanted of it last.
    Tail output = {};
    Tail error_output = {};
};

/// Runs a program. Throws as GuardedProcess. Once it has ended its group is ended, too; what it
/// wrote until then counts, though others still hold its stdout.
[[nodiscard]] ProcessOutcome run_process(const ProcessRun& run);

}  // namespace baton
