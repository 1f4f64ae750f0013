// What the verbs of `baton workflows` share.
//
// Threads: the main thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "verb.hpp"

namespace baton::cli {

struct WorkflowOptions {
    std::string name;
    std::optional<std::int64_t> run;
    std::optional<std::string> payload;
    std::optional<std::string> key;
    std::optional<std::string> tenant;
    std::optional<std::string> meta;
    std::optional<std::int64_t> version;
    std::optional<std::string> state;
    std::optional<std::string> step;
    std::optional<std::string> reason;
    std::optional<std::string> steps;
    std::optional<std::string> on_failure;
    std::optional<std::int64_t> nodes;
    std::optional<std::int64_t> before;
    std::optional<std::int64_t> limit;
    bool compensate = false;
    bool json = false;
};

/// The run that was named, as a text.
[[nodiscard]] inline std::string number_of(const WorkflowOptions& options) {
    return std::to_string(options.run.value_or(0));
}

[[nodiscard]] inline Verb workflow_verb(Verb verb, const std::shared_ptr<WorkflowOptions>& options,
                                        int (*run)(const WorkflowOptions&, Invocation&)) {
    verb.run = [options, run](Invocation& invocation) { return run(*options, invocation); };
    return verb;
}

[[nodiscard]] inline Option run_option(WorkflowOptions& options) {
    return {.name = "RUN",
            .help = "which run, as `workflows list` numbers them",
            .place = &options.run,
            .is_required = true,
            .bounds = {.min = 1}};
}

/// define, promote, start; and what changes a run.
[[nodiscard]] std::vector<Verb> workflow_changes(const std::shared_ptr<WorkflowOptions>& options);

}  // namespace baton::cli
