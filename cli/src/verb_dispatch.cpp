// baton dispatch: one event, or a file of them.
#include <iostream>
#include <iterator>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/dispatch.hpp"
#include "baton/types/upcast.hpp"
#include "command_line.hpp"
#include "ndjson.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::optional<std::string> type;
    std::optional<std::string> payload;
    std::optional<std::string> key;
    std::optional<std::string> tenant;
    std::optional<std::string> meta;
    std::optional<std::string> id;
    std::optional<std::int64_t> schema_version;
    bool wait = false;
    std::string timeout = "10";
    std::optional<std::string> ndjson;
    std::optional<std::int64_t> batch;
};

int dispatch_one(const Options& options, Invocation& invocation) {
    NewEvent event;
    event.type = *options.type;
    event.payload = options.payload.value_or("{}");
    if (event.payload == "-") {
        event.payload.assign(std::istreambuf_iterator<char>(std::cin), {});
        require_stdin_was_read();
    }
    event.key = options.key;
    event.tenant = options.tenant;
    event.meta = options.meta;
    event.schema_version = static_cast<int>(options.schema_version.value_or(1));
    if (options.id) event.dispatch_id = Uuid::from_text(*options.id);
    if (options.id && !event.dispatch_id)
        refuse("--id must be a uuid, not " + json_quoted(*options.id));
    const std::chrono::milliseconds timeout = seconds_of("--timeout", options.timeout);
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    std::int64_t id = 0;
    {
        sql::Transaction transaction(connection);
        id = static_cast<std::int64_t>(baton::dispatch(transaction.raw(), event));
        transaction.commit();
    }
    try {
        write_out(std::to_string(id) + "\n");
        flush_out();
    } catch (const Error& error) {
        throw Error(error.code(), "event " + std::to_string(id) +
                                      " is dispatched and committed, but " + error.what());
    }
    if (options.wait) wait_for_event(connection, id, timeout);
    return 0;
}

// What says of one event what each line of a file says by itself.
std::string option_of_one(const Options& options) {
    if (options.type) return "TYPE";
    if (options.payload) return "JSON";
    if (options.key) return "--key";
    if (options.tenant) return "--tenant";
    if (options.meta) return "--meta";
    if (options.id) return "--id";
    if (options.schema_version) return "--schema-version";
    return options.wait ? "--wait" : "";
}

int dispatch(const Options& options, Invocation& invocation) {
    if (!options.ndjson) {
        if (options.batch) refuse("--batch goes with --ndjson");
        if (options.type.value_or("").empty()) {
            refuse("the event's type is missing; see `" + invocation.app.name() +
                   " dispatch --help`");
        }
        return dispatch_one(options, invocation);
    }
    if (const std::string option = option_of_one(options); !option.empty()) {
        refuse(option + " does not go with --ndjson: each line says its own");
    }
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    constexpr std::int64_t usual_batch = 10'000;
    return dispatch_ndjson(connection, *options.ndjson,
                           static_cast<std::size_t>(options.batch.value_or(usual_batch)));
}

}  // namespace

Verb dispatch_verb() {
    const auto options = std::make_shared<Options>();
    return {
        .name = "dispatch",
        .help = "dispatch an event and print its id, or a file of events",
        .about =
            "With --ndjson each batch is one transaction: a bad line is named, nothing of its "
            "batch is\nwritten, and the batches before it stay.\n"
            "Example: baton dispatch order/placed '{\"amount\": \"9.90\"}' --key order/42 "
            "--wait",
        .options =
            {{"TYPE", "what happened: order/placed", &options->type},
             {"JSON", "the payload; - reads it from stdin [{}]", &options->payload},
             {.name = "--key",
              .help = "what it happened to: order/42",
              .place = &options->key,
              .may_be_empty = true},
             {.name = "--tenant",
              .help = "whose it is",
              .place = &options->tenant,
              .may_be_empty = true},
             {"--meta", "JSON about the event: correlation, causation, user", &options->meta},
             {"--id", "a uuid that makes a repeated dispatch give the same event", &options->id},
             {.name = "--schema-version",
              .help = "which shape of its type's payload this is [1]",
              .place = &options->schema_version,
              .bounds = {1, types::schema_version_max}},
             {"--wait", "return once every live view has it", &options->wait},
             {"--timeout", "how many seconds --wait waits [10]", &options->timeout},
             {"--ndjson",
              "a file, or - for stdin, with a JSON object a line: type, and optionally payload, "
              "key, tenant, meta, dispatch_id, schema_version",
              &options->ndjson},
             {.name = "--batch",
              .help = "with --ndjson: lines in one transaction [10000]",
              .place = &options->batch,
              .bounds = {1, 1'000'000}}},
        .run = [options](Invocation& invocation) { return dispatch(*options, invocation); }};
}

}  // namespace baton::cli
