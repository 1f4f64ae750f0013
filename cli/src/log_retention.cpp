// baton log retention …: how long the events of the log are kept, and what their going waits for.
#include "log_retention.hpp"
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"
#include "command_line.hpp"
#include "json_value.hpp"
#include "ndjson.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string age;
    std::string bytes;
    std::optional<std::int64_t> partition_rows;
    std::string view;
    std::optional<std::int64_t> version;
    bool json = false;
};

// "none" is no rule.
std::optional<std::string> rule(const std::string& text) {
    return text.empty() || text == "none" ? std::nullopt : std::optional(text);
}

std::string cell(const JsonValue& state, std::string_view key, const std::string& otherwise) {
    return state[key].text().value_or(otherwise);
}

void print_state(const JsonValue& state) {
    const std::string age = cell(state, "age", "");
    const std::string bytes = cell(state, "bytes", "");
    write_out("kept for        " + (age.empty() ? "ever" : terminal_line(age)) + "\n");
    write_out("at most         " + (bytes.empty() ? "any size" : bytes + " bytes") + "\n");
    write_out("log begins      after position " + cell(state, "begins_after", "0") +
              (state["dropped_at"].is_null() ? "" : ", since " + cell(state, "dropped_at", "")) +
              "\n");
    write_out("takes           " + cell(state, "bytes_taken", "0") + " bytes in " +
              cell(state, "partitions", "0") + " partitions, new ones of " +
              cell(state, "partition_rows", "0") + " ids\n");
    if (const auto waits_for = state["waits_for"].text()) {
        write_out("waits for       " +
                  wrapped(terminal_line(advice(*waits_for)), 16, screen_width() - 16) + "\n");
    }
    if (state["holds"].items().empty()) return;
    Table table({"who has not passed the end", "position"});
    for (const JsonValue& hold : state["holds"].items()) {
        table.add({hold["holder"].text(), hold["position"].text()});
    }
    table.print(0, screen_width());
}

int show(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const sql::Result rows = transaction.exec("select retention()::text");
    const std::string_view json = rows.only().text(0);
    if (options.json) {
        write_json(json);
    } else {
        print_state(JsonValue::parse(json));
    }
    return 0;
}

void write_rules(sql::Transaction& transaction, const Options& options) {
    try {
        transaction.exec(
            "select set_log_retention(case when $1 then r.age else $2::interval end,"
            " case when $3 then r.bytes else $4::bigint end, $5::bigint)"
            " from (select (j ->> 'age')::interval as age, (j ->> 'bytes')::bigint as bytes"
            " from retention() as j) as r",
            {options.age.empty(), rule(options.age), options.bytes.empty(), rule(options.bytes),
             options.partition_rows});
    } catch (const sql::SqlError& error) {
        if (!error.sqlstate().starts_with("22")) throw;
        refuse("--age is a time ('90 days') or none, --bytes a whole number or none; not " +
               json_quoted(
                   (options.age + (options.age.empty() ? "" : " ") + options.bytes).substr(0, 80)));
    }
}

int set(const Options& options, Invocation& invocation) {
    if (options.age.empty() && options.bytes.empty()) {
        refuse("say --age, --bytes or both: a time ('90 days'), a size in bytes, or none");
    }
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    write_rules(transaction, options);
    const JsonValue state =
        JsonValue::parse(transaction.exec("select retention()::text").only().text(0));
    transaction.commit();
    print_state(state);
    return 0;
}

int begin(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    const sql::Result rows =
        transaction.exec("select begin_view($1, $2::integer)", {options.view, options.version});
    const std::string after(rows.only().text(0));
    transaction.commit();
    write_out(terminal_line(options.view) + "@" + std::to_string(*options.version) +
              " may begin without the events up to position " + after + "\n");
    return 0;
}

using Run = int (*)(const Options&, Invocation&);

Verb verb_of(Verb verb, const std::shared_ptr<Options>& options, Run run) {
    verb.run = [options, run](Invocation& invocation) { return run(*options, invocation); };
    return verb;
}

}  // namespace

Verb log_retention_verb() {
    const auto options = std::make_shared<Options>();
    Verb group{.name = "retention",
               .help = "how long events are kept, and what their going waits for",
               .about = "Example: baton log retention show"};
    group.verbs = {
        verb_of({.name = "show",
                 .help = "print the rules, where the log begins, and who keeps what from going",
                 .about = "Example: baton log retention show --json | jq .waits_for",
                 .options = {{"--json", "as JSON", &options->json}}},
                options, show),
        verb_of(
            {.name = "set",
             .help = "say how long events are kept; whole partitions go, the oldest first",
             .about = "What is gone cannot be read again: docs/retention.md says what is kept "
                      "of it.\nExample: baton log retention set --age '90 days'",
             .options = {{"--age", "a time, or none [as it is]", &options->age},
                         {"--bytes", "what the log may take, or none [as it is]", &options->bytes},
                         {.name = "--partition-rows",
                          .help = "how many ids the next partitions have [as it is]",
                          .place = &options->partition_rows,
                          .bounds = {1000, 1000000000}}}},
            options, set),
        verb_of({.name = "begin",
                 .help = "let a version that has no former one begin with what is left of the log",
                 .about = "To be said before the program that carries it is started.\n"
                          "Example: baton log retention begin monthly_sales 1",
                 .options = {{"VIEW", "which view", &options->view, true},
                             {.name = "VERSION",
                              .help = "which version",
                              .place = &options->version,
                              .is_required = true,
                              .bounds = {1, 32767}}}},
                options, begin)};
    return group;
}

}  // namespace baton::cli
