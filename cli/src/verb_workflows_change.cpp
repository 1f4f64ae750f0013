// baton workflows define, promote, start, and what changes a run.
#include <iostream>
#include <iterator>

#include "asking.hpp"
#include "baton/base/terminal.hpp"
#include "command_line.hpp"
#include "ndjson.hpp"
#include "output.hpp"
#include "workflows.hpp"

namespace baton::cli {
namespace {

using Options = WorkflowOptions;

/// What was given, or, for "-", what stdin has.
std::string or_stdin(const std::string& given) {
    if (given != "-") return given;
    std::string read(std::istreambuf_iterator<char>(std::cin), {});
    require_stdin_was_read();
    return read;
}

int define(const Options& options, Invocation& invocation) {
    const std::string digest =
        change(invocation,
               "select define_workflow(name => $1, version => $2::integer, steps => $3::jsonb,"
               " on_failure => $4)",
               {options.name, options.version, or_stdin(options.steps.value_or("-")),
                options.on_failure.value_or("compensate")});
    write_out("workflow " + terminal_line(options.name) + "@" +
              std::to_string(options.version.value_or(0)) + " is defined: " + digest + "\n");
    return 0;
}

int start(const Options& options, Invocation& invocation) {
    write_out(change(invocation,
                     "select start_workflow(name => $1, payload => $2::jsonb, key => $3,"
                     " version => $4::integer, tenant => $5, meta => $6::jsonb)",
                     {options.name, or_stdin(options.payload.value_or("{}")), options.key,
                      options.version, options.tenant, options.meta}) +
              "\n");
    return 0;
}

/// "run 17 is running": what such a call returns.
int say(const Options& options, Invocation& invocation, const std::string& call,
        std::vector<sql::Parameter> parameters) {
    parameters.insert(parameters.begin(), sql::Parameter(options.run));
    write_out("run " + number_of(options) + " is " +
              change(invocation, "select " + call, parameters) + "\n");
    return 0;
}

int retry(const Options& options, Invocation& invocation) {
    return say(options, invocation, "retry_workflow(run => $1::bigint)", {});
}
int restart(const Options& options, Invocation& invocation) {
    return say(options, invocation, "restart_workflow(run => $1::bigint, step => $2)",
               {options.step});
}
int move(const Options& options, Invocation& invocation) {
    return say(options, invocation,
               "move_workflow(run => $1::bigint, version => $2::integer, step => $3)",
               {options.version, options.step});
}
int cancel(const Options& options, Invocation& invocation) {
    return say(options, invocation,
               "cancel_workflow(run => $1::bigint, compensate => $2::boolean, reason => $3)",
               {options.compensate ? "true" : "false", options.reason});
}
int pause(const Options& options, Invocation& invocation) {
    const bool done = change(invocation, "select pause_workflow(run => $1::bigint, reason => $2)",
                             {options.run, options.reason}) == "t";
    write_out("run " + number_of(options) +
              (done ? " is paused: no step of it begins\n" : " was paused already\n"));
    return 0;
}
int resume(const Options& options, Invocation& invocation) {
    const bool done =
        change(invocation, "select resume_workflow(run => $1::bigint)", {options.run}) == "t";
    write_out("run " + number_of(options) + (done ? " goes on\n" : " was not paused\n"));
    return 0;
}
int promote(const Options& options, Invocation& invocation) {
    write_out("workflow " + terminal_line(options.name) + " is live at version " +
              change(invocation,
                     "select promote_workflow(name => $1, version => $2::integer,"
                     " nodes => $3::integer)",
                     {options.name, options.version, options.nodes.value_or(1)}) +
              "\n");
    return 0;
}

Option version_option(Options& options, const std::string& name, const std::string& help,
                      bool is_required = false) {
    return {.name = name,
            .help = help,
            .place = &options.version,
            .is_required = is_required,
            .bounds = {1, 1'000'000'000}};
}

std::vector<Verb> defining_verbs(const std::shared_ptr<Options>& options) {
    const Option name{"NAME", "which workflow", &options->name, true};
    return {
        workflow_verb(
            {.name = "define",
             .help = "say what a version of a workflow does",
             .about = "Example: baton workflows define order 1 --steps "
                      "'[{\"handler\": \"reserve\", \"undo\": \"release\"}, {\"handler\": "
                      "\"charge\"}]'",
             .options = {name,
                         version_option(*options, "VERSION", "which version", true),
                         {"--steps", "JSON, as define_workflow() has it; - reads it from stdin",
                          &options->steps, true},
                         {.name = "--on-failure",
                          .help = "where a step cannot be done: undo what was done, or wait for "
                                  "somebody [compensate]",
                          .place = &options->on_failure,
                          .choices = {"compensate", "hold"}}}},
            options, define),
        workflow_verb(
            {.name = "promote",
             .help = "new runs take this version; without one, that which was live before",
             .about = "Example: baton workflows promote order --version 2",
             .options = {name,
                         version_option(*options, "--version", "which version"),
                         {.name = "--nodes",
                          .help = "so many live ones must carry each handler [1]",
                          .place = &options->nodes,
                          .bounds = {0, 100'000}}}},
            options, promote),
        workflow_verb(
            {.name = "start",
             .help = "start a run, and print its number",
             .about = "Example: baton workflows start order --key 42 --payload '{\"order\": 42}'",
             .options = {name,
                         {"--payload", "JSON, of the first step; - reads it from stdin [{}]",
                          &options->payload},
                         {"--key", "only one run of the workflow ever has it", &options->key},
                         version_option(*options, "--version", "this one [the live one]"),
                         {"--tenant", "whose it is", &options->tenant},
                         {"--meta", "JSON, about the run", &options->meta}}},
            options, start)};
}

std::vector<Verb> changing_verbs(const std::shared_ptr<Options>& options) {
    const Option run = run_option(*options);
    const Option reason{"--reason", "for people to read", &options->reason};
    return {
        workflow_verb({.name = "retry",
                       .help = "go on from the steps that failed",
                       .about = "Example: baton workflows retry 17",
                       .options = {run}},
                      options, retry),
        workflow_verb({.name = "restart",
                       .help = "go on from a step, as if it and what follows had never begun",
                       .about = "Example: baton workflows restart 17 --at charge",
                       .options = {run, {"--at", "which step [all]", &options->step}}},
                      options, restart),
        workflow_verb({.name = "cancel",
                       .help = "go on no more",
                       .about = "Example: baton workflows cancel 17 --compensate",
                       .options = {run,
                                   {"--compensate", "undo what was done, in reverse order",
                                    &options->compensate},
                                   reason}},
                      options, cancel),
        workflow_verb({.name = "pause",
                       .help = "begin no step for a while",
                       .about = "Example: baton workflows pause 17 --reason 'stock-taking'",
                       .options = {run, reason}},
                      options, pause),
        workflow_verb({.name = "resume",
                       .help = "begin what could have begun meanwhile",
                       .about = "Example: baton workflows resume 17",
                       .options = {run}},
                      options, resume),
        workflow_verb(
            {.name = "move",
             .help = "go on by another version of the workflow, where what was done is the same",
             .about = "Example: baton workflows move 17 --to 2 --at charge",
             .options = {run,
                         version_option(*options, "--to", "which version", true),
                         {"--at", "from this step of it on", &options->step, true}}},
            options, move)};
}

}  // namespace

std::vector<Verb> workflow_changes(const std::shared_ptr<WorkflowOptions>& options) {
    std::vector<Verb> verbs = defining_verbs(options);
    for (Verb& verb : changing_verbs(options)) verbs.push_back(std::move(verb));
    return verbs;
}

}  // namespace baton::cli
