#include "baton/node_agent/command.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/base/find_program.hpp"
#include "baton/base/log.hpp"
#include "baton/base/run_process.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"
#include "command_outcome.hpp"
#include "progress_lines.hpp"
#include "watched_files.hpp"

namespace baton {
namespace node {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// A program, and what it gets whatever its task is.
class CommandHandler {
public:
    explicit CommandHandler(Command command) : command_(std::move(command)) {
        if (command_.words.empty()) refuse("a command needs one word at least");
        if (command_.lane_by_key && command_.events.empty()) {
            refuse("its lane is the key of an event, and it names no type of events");
        }
        std::error_code error;
        command_.folder = fs::absolute(command_.folder);
        if (!fs::is_directory(command_.folder, error)) {
            refuse("there is no folder " + command_.folder.string());
        }
        try {
            program_ = find_program(command_.words.front(), command_.folder);
            variables_ = variables_for_child(command_.variables);
        } catch (const std::runtime_error& fault) {
            refuse(fault.what());
        }
        watch(program_);
        for (const std::string& file : command_.files)
            watch((command_.folder / file).lexically_normal());
    }

    // What its build is a digest of: not where it is on this machine.
    [[nodiscard]] std::string sources() const {
        std::string text;
        for (const std::string& word : command_.words) text += json_quoted(word) + ",";
        for (const std::string& file : command_.files) text += json_quoted(file) + ",";
        if (command_.lane_by_key) text += "lane by key,";
        return text + files_.digests();
    }

    Outcome run(const StoredPayload& payload, TaskContext& task) {
        if (const auto change = files_.change()) return stand_aside(*change, task);
        const std::string line = std::string(payload.content.json) + "\n";
        const bool is_bytes = !payload.content.content_type.empty();
        std::optional<Clock::time_point> stopping_since;
        ProgressLines lines([&](std::string json) { task.progress(std::move(json)); });
        try {
            const ProcessOutcome ended =
                run_process({.process = {.program = program_,
                                         .arguments = command_.words,
                                         .variables = variables_for(payload, task),
                                         .folder = command_.folder},
                             .input = is_bytes ? payload.content.body : std::string_view(line),
                             .time_limit = command_.time_limit,
                             .wish = [&] { return wish(task, stopping_since); },
                             .on_output = [&](std::string_view bytes) { lines.read(bytes); }});
            return outcome_of(ended, command_.time_limit);
        } catch (const std::system_error& error) {
            // However often it is tried.
            if (error.code().value() == E2BIG) return dead_letter(error.what());
            throw;
        }
    }

private:
    [[noreturn]] void refuse(const std::string& what) const {
        throw Error(ErrorCode::settings_invalid,
                    "handler " + json_quoted(command_.name) + " version " +
                        std::to_string(command_.version) + ": " + what);
    }

    void watch(const fs::path& path) {
        try {
            files_.add(path);
        } catch (const std::runtime_error& error) {
            refuse(error.what());
        }
    }

    [[nodiscard]] std::vector<std::string> variables_for(const StoredPayload& payload,
                                                         const TaskContext& task) const {
        std::vector<std::string> variables = variables_;
        const TaskContext::Task& about = task.task();
        const std::string_view type = payload.content.content_type;
        const auto set = [&](std::string_view name, std::string_view value) {
            std::erase_if(variables, [&](const std::string& each) {
                return each.starts_with(std::string(name) + "=");
            });
            variables.push_back(variable_setting(name, value));
        };
        set("BATON_ENVIRONMENT", task.environment());
        set("BATON_HANDLER", command_.name);
        set("BATON_HANDLER_VERSION", std::to_string(command_.version));
        set("BATON_TASK_ID", std::to_string(about.id));
        set("BATON_ATTEMPT", std::to_string(about.attempt));
        set("BATON_DELIVERY", std::to_string(about.delivery));
        set("BATON_IDEMPOTENCY_KEY", task.idempotency_key());
        set("BATON_SCHEMA_VERSION", std::to_string(payload.schema_version));
        set("BATON_CONTENT_TYPE", type.empty() ? "application/json" : type);
        if (about.tenant) set("BATON_TENANT", *about.tenant);
        if (about.meta) set("BATON_META", *about.meta);
        return variables;
    }

    Wish wish(const TaskContext& task, std::optional<Clock::time_point>& stopping_since) const {
        if (task.lost()) return Wish::die;
        if (!task.cancelled()) return Wish::go_on;
        if (!stopping_since) stopping_since = Clock::now();
        const auto patience = command_.stop_patience;
        const auto told_after = patience - std::min<std::chrono::milliseconds>(1s, patience / 2);
        return Clock::now() >= *stopping_since + told_after ? Wish::end : Wish::go_on;
    }

    // Not this program's any more: others may have the task. Slowly, or this node would take one
    // after the other from those who could do them.
    Outcome stand_aside(const std::string& change, const TaskContext& task) {
        {
            const std::lock_guard lock(mutex_);
            if (change != change_) {
                change_ = change;
                log_line(spdlog::level::err,
                         "a command is not run, because it is not what it was when this node "
                         "started; start it again",
                         {{"handler", command_.name},
                          {"version", command_.version},
                          {"reason", change}});
            }
        }
        sql::pause_unless(1s, [&] { return task.cancelled(); });
        return snooze(1s);
    }

    Command command_;
    fs::path program_;
    WatchedFiles files_;
    std::vector<std::string> variables_;
    std::mutex mutex_;
    std::string change_;  // with mutex_; what the log says
};

}  // namespace
}  // namespace node

void add_command(Handlers& handlers, const Command& command) {
    const auto handler = std::make_shared<node::CommandHandler>(command);
    handlers.add({.name = command.name,
                  .version = command.version,
                  .build = {},
                  .events = command.events,
                  .accepts_from = command.accepts_from,
                  .threads = command.threads,
                  .lane_by_key = command.lane_by_key},
                 handler->sources(), [handler](const StoredPayload& payload, TaskContext& task) {
                     return handler->run(payload, task);
                 });
}

}  // namespace baton
