// baton enqueue: one task for a handler.
#include <iostream>
#include <iterator>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/enqueue.hpp"
#include "baton/sql/failure.hpp"
#include "baton/types/upcast.hpp"
#include "command_line.hpp"
#include "ndjson.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string handler;
    std::optional<std::string> payload;
    std::optional<std::string> run_at;
    std::optional<std::int64_t> priority;
    std::vector<std::string> labels;
    std::optional<std::string> tenant;
    std::optional<std::string> meta;
    std::optional<std::int64_t> schema_version;
    std::optional<std::string> lane;
    std::optional<std::string> unique_key;
    std::string on_conflict = "skip";
    std::optional<std::string> every;
    std::optional<std::int64_t> after;
    std::string when_failed = "cancel";
    std::optional<std::string> expires;
};

// By the server's clock.
Timestamp time_of(sql::Transaction& transaction, const std::string& option,
                  const std::string& text) {
    try {
        const sql::Result read = transaction.exec(
            is_span(text) ? "select clock_timestamp() + $1::interval" : "select $1::timestamptz",
            {text});
        return Timestamp::parse(read.only().text(0));
    } catch (const sql::SqlError& error) {
        if (!error.sqlstate().starts_with("22")) throw;
        refuse(option + " must be a time (2026-11-22 13:00) or how long from now (15 min), not " +
               json_quoted(text.substr(0, 80)));
    }
}

std::chrono::milliseconds time_span(sql::Transaction& transaction, const std::string& option,
                                    const std::string& text) {
    try {
        const sql::Result read =
            transaction.exec("select (1000 * extract(epoch from $1::interval))::bigint", {text});
        return std::chrono::milliseconds(read.only().integer(0));
    } catch (const sql::SqlError& error) {
        if (!error.sqlstate().starts_with("22")) throw;
        refuse(option + " must be a time (10 min), not " + json_quoted(text.substr(0, 80)));
    }
}

WhenFailed when_failed_of(const std::string& name) {
    if (name == "run") return WhenFailed::run;
    return name == "hold" ? WhenFailed::hold : WhenFailed::cancel;
}

int enqueue_one(const Options& options, Invocation& invocation) {
    std::string payload = options.payload.value_or("{}");
    if (payload == "-") {
        payload.assign(std::istreambuf_iterator<char>(std::cin), {});
        require_stdin_was_read();
    }
    EnqueueOptions how{
        .priority = static_cast<int>(options.priority.value_or(0)),
        .labels = options.labels,
        .tenant = options.tenant,
        .meta = options.meta,
        .schema_version = static_cast<int>(options.schema_version.value_or(1)),
        .lane = options.lane,
        .unique_key = options.unique_key,
        .on_conflict = options.on_conflict == "replace" ? OnConflict::replace : OnConflict::skip,
        .when_failed = when_failed_of(options.when_failed)};
    if (options.after) how.after = TaskId(*options.after);
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    if (options.run_at) how.run_at = time_of(transaction, "--run-at", *options.run_at);
    if (options.expires) how.expires_at = time_of(transaction, "--expires", *options.expires);
    if (options.every) how.every = time_span(transaction, "--every", *options.every);
    const TaskId task = enqueue(transaction.raw(), options.handler, payload, how);
    transaction.commit();
    const std::string id = std::to_string(static_cast<std::int64_t>(task));
    try {
        write_out(id + "\n");
        flush_out();
    } catch (const Error& error) {
        throw Error(error.code(), "task " + id + " is made and committed, but " + error.what());
    }
    return 0;
}

}  // namespace

Verb enqueue_verb() {
    const auto options = std::make_shared<Options>();
    return {
        .name = "enqueue",
        .help = "make a task for a handler and print its id",
        .about = "Example: baton enqueue send_invoice '{\"order\": 42}' --run-at '15 min'",
        .options =
            {{"HANDLER", "who is to do it; `baton handlers` lists them", &options->handler, true},
             {"JSON", "the payload; - reads it from stdin [{}]", &options->payload},
             {"--run-at", "not before then: a time, or how long from now (\"15 min\") [at once]",
              &options->run_at},
             {.name = "--priority",
              .help = "higher goes first [0]",
              .place = &options->priority,
              .bounds = {-1000, 1000}},
             {"--label", "what a node must have beside the handler: gpu; repeatable",
              &options->labels},
             {"--lane", "whose tasks are done one after the other: customer/17", &options->lane},
             {"--unique-key", "of a handler one task at a time has it: customer/17",
              &options->unique_key},
             {.name = "--on-conflict",
              .help = "while another task has the key: none is made (skip), or it takes its place "
                      "(replace) [skip]",
              .place = &options->on_conflict,
              .choices = {"skip", "replace"}},
             {"--every", "tasks of the key become ready so far from each other: \"10 min\"",
              &options->every},
             {.name = "--after",
              .help = "the task that has to be done before",
              .place = &options->after,
              .bounds = {.min = 1}},
             {.name = "--when-failed",
              .help =
                  "where that ends otherwise: cancel, run, or hold until it is retried [cancel]",
              .place = &options->when_failed,
              .choices = {"cancel", "run", "hold"}},
             {"--expires", "worth nothing after that: a time, or how long from now",
              &options->expires},
             {.name = "--tenant",
              .help = "whose it is",
              .place = &options->tenant,
              .may_be_empty = true},
             {"--meta", "JSON about the task: correlation, causation, user", &options->meta},
             {.name = "--schema-version",
              .help = "which shape of the payload this is [1]",
              .place = &options->schema_version,
              .bounds = {1, types::schema_version_max}}},
        .run = [options](Invocation& invocation) { return enqueue_one(*options, invocation); }};
}

}  // namespace baton::cli
