// Handlers that are commands: a program, in whatever language, that is run for each task.
// docs/tasks.md says what it gets and what its exit code means.
//
//   baton::Handlers handlers;
//   baton::add_command(handlers, {.name = "resize_image", .version = 3,
//                                 .words = {"python3", "resize.py"}, .folder = "/srv/images",
//                                 .files = {"resize.py"}, .events = {"image/uploaded"}});
//
// Threads: add_command() as Handlers::add(). It reads variables of the process.
// Cost: of a task, that of run_process(), and a stat() of each file.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "baton/node_agent/handlers.hpp"

namespace baton {

struct Command {
    std::string name;  ///< Of the handler.
    int version = 1;
    /// The program, as a path or a name to find in PATH, and its arguments.
    std::vector<std::string> words;
    std::filesystem::path folder;  ///< Where it begins, and what paths are relative to.
    /// What it is made of beside the program. Their content is part of its build, and where it
    /// changes the command is not run any more.
    std::vector<std::string> files = {};
    std::vector<std::string> events = {};     ///< Types.
    std::vector<int> accepts_from = {};       ///< Versions whose tasks it does, too.
    std::vector<std::string> variables = {};  ///< Those of this process that it gets, too.
    int threads = 4;
    std::chrono::milliseconds time_limit{0};  ///< 0: none.
    /// How long it may go on when the node stops: NodeOptions::stop_patience.
    std::chrono::milliseconds stop_patience{4000};
    bool lane_by_key = false;  ///< The key of an event is the lane of its task.
};

/// Throws Error: settings_invalid where the program, the folder, a file or a variable is missing,
/// or cannot be used; handler_invalid as Handlers::add().
void add_command(Handlers& handlers, const Command& command);

}  // namespace baton
