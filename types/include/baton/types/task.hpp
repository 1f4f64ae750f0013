// What can be said of a new task, and of a new task set, wherever one is made.
//
// Threads: values only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "baton/types/date.hpp"

namespace baton {

/// What enqueue() returns.
enum class TaskId : std::int64_t {};

enum class OnConflict : std::uint8_t {
    skip,     ///< None is made; the id is that of the task that there is.
    replace,  ///< That one ends as replaced; where a node has it, the new one follows it.
};

enum class WhenFailed : std::uint8_t {
    cancel,  ///< It ends as cancelled, too.
    run,     ///< It is done nevertheless.
    hold,    ///< It waits until that one is retried, and done.
};

struct EnqueueOptions {
    std::optional<Timestamp> run_at = std::nullopt;  ///< Not before that; unset: at once.
    int priority = 0;                                ///< -1000 to 1000; higher goes first.
    std::vector<std::string> labels = {};            ///< What a node must have beside the handler.
    std::optional<std::string> tenant = std::nullopt;
    std::optional<std::string> meta = std::nullopt;  ///< JSON text.
    int schema_version = 1;                          ///< Which shape of the payload this is.
    std::optional<std::string> lane = std::nullopt;  ///< What must not be done all at once.
    /// Of a handler one task at a time has it, until its end.
    std::optional<std::string> unique_key = std::nullopt;
    OnConflict on_conflict = OnConflict::skip;  ///< While another task has the key.
    /// With replace and run_at: not put off for longer than that.
    std::optional<std::chrono::milliseconds> longest_wait = std::nullopt;
    /// Those of the key become ready so far from each other, at least.
    std::optional<std::chrono::milliseconds> every = std::nullopt;
    std::optional<TaskId> after = std::nullopt;  ///< That has to be done before.
    WhenFailed when_failed =
        WhenFailed::cancel;  ///< Where `after` is not done, but ends otherwise.
    /// Worth nothing after that: it ends as cancelled, unless a node has it.
    std::optional<Timestamp> expires_at = std::nullopt;
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
