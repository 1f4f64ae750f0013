#include "orchestrator/version_commands.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace baton::testing {
namespace {

constexpr std::size_t commands_in_a_life = 45;

rc::Gen<bool> with_odds(std::size_t yes, std::size_t no) {
    return rc::gen::weightedElement<bool>({{yes, true}, {no, false}});
}

// Of eighty.
rc::Gen<CommandKind> any_kind() {
    using enum CommandKind;
    return rc::gen::weightedElement<CommandKind>({
        {12, start},
        {4, end},
        {4, kill},
        {4, freeze_or_thaw},
        {16, dispatch},
        {8, promote_now},
        {12, promote_when_ready},
        {2, roll_back_now},
        {2, roll_back_when_ready},
        {4, die_promoting},
        {4, cancel},
        {1, retire},
        {4, settle},
        {3, look},
    });
}

template <typename Element>
rc::Gen<std::vector<Element>> up_to(int most, const rc::Gen<Element>& element) {
    return rc::gen::mapcat(rc::gen::inRange(1, most + 1), [element](int count) {
        return rc::gen::container<std::vector<Element>>(static_cast<std::size_t>(count), element);
    });
}

rc::Gen<Writing> any_writing() {
    const auto movement = rc::gen::build<Movement>(
        rc::gen::set(&Movement::account, rc::gen::inRange(0, 20)),
        rc::gen::set(&Movement::amount, rc::gen::inRange<std::int64_t>(-500, 501)));
    return rc::gen::build<Writing>(rc::gen::set(&Writing::movements, up_to(4, movement)),
                                   rc::gen::set(&Writing::commits, with_odds(4, 1)));
}

rc::Gen<Command> any_command(rc::Gen<CommandKind> kind) {
    using rc::gen::set;
    return rc::gen::build<Command>(
        set(&Command::kind, std::move(kind)),
        set(&Command::version, rc::gen::inRange(1, versions + 1)),
        // As often each, be there one, two, three or four.
        set(&Command::process, rc::gen::inRange<std::size_t>(0, 12)),
        set(&Command::awaits, with_odds(7, 3)),
        set(&Command::fault,
            rc::gen::element<std::string>("promotion_led", "before_switch", "after_switch")),
        set(&Command::writings, up_to(9, any_writing())), set(&Command::floods, with_odds(1, 3)),
        set(&Command::reads_again, with_odds(2, 1)), set(&Command::looks, with_odds(1, 2)));
}

// What is simpler, the simplest first: without all commands, without the later half, without the
// earlier, without each quarter, …, at last with less to dispatch. (rapidcheck's own removeChunks
// tries all ranges of each length: of 45 commands that is a thousand runs.)
std::vector<Life> simpler(const Life& life) {
    std::vector<Life> all;
    for (std::size_t size = life.commands.size(); size > 0; size /= 2) {
        for (std::size_t end = life.commands.size(); end > 0; end -= std::min(size, end)) {
            const std::size_t begin = end - std::min(size, end);
            std::vector<Command>& commands = all.emplace_back(life).commands;
            commands.erase(commands.begin() + static_cast<std::ptrdiff_t>(begin),
                           commands.begin() + static_cast<std::ptrdiff_t>(end));
        }
    }
    for (std::size_t i = 0; i < life.commands.size(); ++i) {
        const Command& command = life.commands[i];
        if (command.kind != CommandKind::dispatch) continue;
        if (command.writings.size() == 1 && !command.floods) continue;
        Command& lighter = all.emplace_back(life).commands[i];
        lighter.writings.resize(1);
        lighter.floods = false;
    }
    return all;
}

std::string version_of(const Command& command) { return "v" + std::to_string(command.version); }
std::string process_of(const Command& command) {
    return "process " + std::to_string(command.process);
}

std::string dispatch_of(const Command& command) {
    std::string text = "dispatch";
    for (const Writing& writing : command.writings) {
        text += " (";
        for (const Movement& movement : writing.movements) {
            text += (text.ends_with('(') ? "" : " ") + std::to_string(movement.account) + ":" +
                    std::to_string(movement.amount);
        }
        text += writing.commits ? ")" : ") rolled back";
    }
    return text + (command.floods ? " and a flood" : "");
}

std::string what_of(const Command& command) {
    const std::string awaited = command.awaits ? ", and await it" : "";
    switch (command.kind) {
        case CommandKind::start:
            return "start " + version_of(command);
        case CommandKind::end:
            return "end " + process_of(command);
        case CommandKind::kill:
            return "kill " + process_of(command);
        case CommandKind::freeze_or_thaw:
            return "freeze or thaw " + process_of(command);
        case CommandKind::dispatch:
            return dispatch_of(command);
        case CommandKind::promote_now:
            return "promote " + version_of(command) + " now" + awaited;
        case CommandKind::promote_when_ready:
            return "promote " + version_of(command) + " when ready" + awaited;
        case CommandKind::roll_back_now:
            return "roll back now" + awaited;
        case CommandKind::roll_back_when_ready:
            return "roll back when ready" + awaited;
        case CommandKind::die_promoting:
            return "die at " + command.fault + " promoting " + version_of(command) + awaited;
        case CommandKind::cancel:
            return "cancel";
        case CommandKind::retire:
            return "retire " + version_of(command);
        case CommandKind::settle:
            return "settle";
        case CommandKind::look:
            return "look";
    }
    return "?";
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Command& command) {
    out << what_of(command);
    if (command.reads_again || command.looks) out << " |";
    if (command.reads_again) out << " read again";
    if (command.looks) out << " look";
    return out;
}

std::ostream& operator<<(std::ostream& out, const Life& life) {
    out << "first v" << life.first;
    for (const Command& command : life.commands) out << "\n" << command;
    for (const Command& command : life.last) out << "\nat last " << command;
    return out;
}

rc::Gen<Life> any_life(std::optional<std::chrono::seconds> shrinking) {
    using Clock = std::chrono::steady_clock;
    using rc::gen::set;
    const auto drawn = rc::gen::build<Life>(
        // An older version than the first that ever led is never built.
        set(&Life::first, rc::gen::weightedElement<int>({{4, 1}, {1, 2}})),
        set(&Life::commands,
            rc::gen::container<std::vector<Command>>(commands_in_a_life, any_command(any_kind()))),
        set(&Life::last,
            rc::gen::container<std::vector<Command>>(
                std::size_t{versions}, any_command(rc::gen::just(CommandKind::dispatch)))));
    return rc::gen::shrink(rc::gen::noShrink(rc::gen::resize(rc::kNominalSize, drawn)),
                           [shrinking](const Life& life) {
                               static const Clock::time_point begin = Clock::now();
                               return rc::seq::takeWhile(
                                   rc::seq::fromContainer(simpler(life)), [shrinking](const Life&) {
                                       return !shrinking || Clock::now() - begin < *shrinking;
                                   });
                           });
}

}  // namespace baton::testing
