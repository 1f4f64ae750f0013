// What is done to the versions of version_model_test.cpp, as a value: a life is a list of commands
// that rapidcheck draws, prints and makes shorter. A command holds all that is random about it and
// about the check after it, so that it does the same in every list.
#pragma once

#include <rapidcheck.h>

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace baton::testing {

inline constexpr int versions = 3;  ///< Of the view set; numbered from 1.

enum class CommandKind {
    start,
    end,
    kill,
    freeze_or_thaw,
    dispatch,
    promote_now,
    promote_when_ready,
    roll_back_now,
    roll_back_when_ready,
    die_promoting,  ///< The process that carries a promotion out dies of it.
    cancel,         ///< All promotions that are under way.
    retire,
    settle,
    look,  ///< Nothing but the check after it.
};

struct Movement {
    int account = 0;
    std::int64_t amount = 0;
};

/// What a writer does at once.
struct Writing {
    std::vector<Movement> movements;
    bool commits = true;
};

/// Each has all of the fields; a kind takes those that it needs.
struct Command {
    CommandKind kind = CommandKind::look;
    int version = 1;
    std::size_t process = 0;        ///< Which of those running, modulo their number.
    bool awaits = true;             ///< The promotion asked for is given some time.
    std::string fault = {};         ///< The point at which the promoting process dies.
    std::vector<Writing> writings;  ///< That are dispatched.
    bool floods = false;            ///< 500 more events are dispatched at once.
    bool reads_again = true;        ///< The check after it reads again at an earlier snapshot.
    bool looks = false;             ///< The snapshot of that check is read, and so has its locks.
};

struct Life {
    int first = 1;  ///< The version whose process is the first there.
    std::vector<Command> commands;
    std::vector<Command> last;  ///< What is dispatched before each version is promoted at the end.
};

/// One line; the check after the command is behind a bar.
std::ostream& operator<<(std::ostream& out, const Command& command);
/// One line a command.
std::ostream& operator<<(std::ostream& out, const Life& life);

/// Lives of 45 commands, whatever rapidcheck's size is. A failing one is made simpler for as long
/// as is given from the first failure on; without a limit if nothing is given.
[[nodiscard]] rc::Gen<Life> any_life(std::optional<std::chrono::seconds> shrinking);

}  // namespace baton::testing
