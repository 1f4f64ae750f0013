// What can be said of a new task, and of a new task set, wherever one is made.
//
// Threads: values only.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "baton/types/date.hpp"

namespace baton {

struct EnqueueOptions {
    std::optional<Timestamp> run_at = std::nullopt;  ///< Not before that; unset: at once.
    int priority = 0;                                ///< -1000 to 1000; higher goes first.
    std::vector<std::string> labels = {};            ///< What a node must have beside the handler.
    std::optional<std::string> tenant = std::nullopt;
    std::optional<std::string> meta = std::nullopt;  ///< JSON text.
    int schema_version = 1;                          ///< Which shape of the payload this is.
    std::optional<std::string> lane = std::nullopt;  ///< What must not be done all at once.
};

struct TaskSetOptions {
    std::vector<std::string> inputs = {};  ///< Views whose rows are kept for the members.
    bool seal = true;                      ///< There are no further members.
    /// Another version is promoted: another set takes its place; else its own version finishes it.
    bool restart_on_promotion = false;
    /// It is abandoned after that time, or restarted. Unset: never.
    std::optional<std::chrono::seconds> deadline = std::nullopt;
    bool restart_at_deadline = false;
    /// How long its rows are kept once readers see those of a newer set.
    std::chrono::seconds kept = std::chrono::hours(24 * 30);
    std::vector<std::string> labels = {};  ///< What a node must have beside the handler.
};

/// Members by their names, each with a payload of JSON.
using MemberPayloads = std::map<std::string, std::string, std::less<>>;

}  // namespace baton
