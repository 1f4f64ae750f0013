// baton dispatch: one event, or a file of them.
#include <CLI/CLI.hpp>

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

struct Given {
    SettingFlags settings;
    std::string type;
    std::string payload = "{}";
    std::optional<std::string> key;
    std::optional<std::string> tenant;
    std::optional<std::string> meta;
    std::optional<std::string> id;
    std::optional<std::int64_t> schema_version = 1;
    bool wait = false;
    std::string timeout = "10";
    std::string ndjson;
    std::optional<std::int64_t> batch = 10'000;
};

int dispatch_one(const Given& given, Invocation& invocation) {
    NewEvent event;
    event.type = given.type;
    event.payload = given.payload;
    if (event.payload == "-") {
        event.payload.assign(std::istreambuf_iterator<char>(std::cin), {});
        require_stdin_was_read();
    }
    event.key = given.key;
    event.tenant = given.tenant;
    event.meta = given.meta;
    event.schema_version = static_cast<int>(*given.schema_version);
    if (given.id) event.dispatch_id = Uuid::from_text(*given.id);
    if (given.id && !event.dispatch_id)
        refuse("--id must be a uuid, not " + json_quoted(*given.id));
    const std::chrono::milliseconds timeout = seconds_of("--timeout", given.timeout);
    const environments::Environment environment = given.settings.load(invocation);
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
    if (given.wait) wait_for_event(connection, id, timeout);
    return 0;
}

int dispatch(const Given& given, const CLI::App& verb, Invocation& invocation) {
    if (verb.count("--ndjson") == 0) {
        if (verb.count("--batch") > 0) refuse("--batch goes with --ndjson");
        if (given.type.empty()) {
            refuse("the event's type is missing; see `" + invocation.app.name() +
                   " dispatch --help`");
        }
        return dispatch_one(given, invocation);
    }
    for (const char* const name :
         {"TYPE", "JSON", "--key", "--tenant", "--meta", "--id", "--schema-version", "--wait"}) {
        if (verb.count(name) > 0) {
            refuse(std::string(name) + " does not go with --ndjson: each line says its own");
        }
    }
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::write);
    return dispatch_ndjson(connection, given.ndjson, static_cast<std::size_t>(*given.batch));
}

}  // namespace

void add_dispatch(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb =
        root.add_subcommand("dispatch", "dispatch an event and print its id, or a file of events");
    auto given = std::make_shared<Given>();
    verb->add_option("TYPE", given->type, "what happened: order/placed");
    verb->add_option("JSON", given->payload, "the payload; - reads it from stdin [{}]");
    verb->add_option("--key", given->key, "what it happened to: order/42");
    verb->add_option("--tenant", given->tenant, "whose it is");
    verb->add_option("--meta", given->meta, "JSON about the event: correlation, causation, user");
    verb->add_option("--id", given->id,
                     "a uuid that makes a repeated dispatch give the same event");
    add_number(*verb, "--schema-version", given->schema_version,
               "which shape of its type's payload this is [1]",
               {.min = 1, .max = types::schema_version_max});
    verb->add_flag("--wait", given->wait, "return once every live view has it");
    verb->add_option("--timeout", given->timeout, "how many seconds --wait waits [10]");
    verb->add_option("--ndjson", given->ndjson,
                     "a file, or - for stdin, with a JSON object a line: type, and optionally "
                     "payload, key, tenant, meta, dispatch_id, schema_version");
    add_number(*verb, "--batch", given->batch, "with --ndjson: lines in one transaction [10000]",
               {.min = 1, .max = 1'000'000});
    given->settings.offer(*verb);
    verb->footer(footer(
        "With --ndjson each batch is one transaction: a bad line is named, nothing of its batch "
        "is\n"
        "written, and the batches before it stay.\n"
        "Example: baton dispatch order/placed '{\"amount\": \"9.90\"}' --key order/42 --wait"));
    verb->callback([&invocation, given, verb] {
        invocation.chosen = [&invocation, given, verb] {
            return dispatch(*given, *verb, invocation);
        };
    });
}

}  // namespace baton::cli
