// baton capture …: tables of the application whose changes become events.
#include "baton/base/terminal.hpp"
#include "command_line.hpp"
#include "json_value.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string table;
    std::string type;
    std::string columns;
    std::optional<std::string> only_type;
    std::optional<std::string> only_table;
    std::optional<std::string> condition;
    std::optional<std::string> key;
    std::string prefix;
    std::string oversize = "refuse";
    bool has_old = false;
    bool json = false;
};

// Runs a function that changes captures, of which there is one value to know.
std::int64_t change(Invocation& invocation, const std::string& call,
                    const std::vector<sql::Parameter>& parameters) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    transaction.exec("set local lock_timeout = '5s'");
    const std::int64_t value = transaction.exec("select " + call, parameters).only().integer(0);
    transaction.commit();
    return value;
}

std::string captures_text(std::int64_t count) {
    return std::to_string(count) + (count == 1 ? " capture" : " captures");
}

int add(const Options& options, Invocation& invocation) {
    change(invocation,
           "capture_table(relation => $1, event_type => $2, columns => "
           "pg_catalog.regexp_split_to_array($3, ' *, *'), condition => $4, key => "
           "pg_catalog.regexp_split_to_array($5, ' *, *'), key_prefix => $6, has_old => "
           "$7::boolean, oversize => $8)",
           {options.table, options.type, options.columns, options.condition, options.key,
            options.prefix, std::string(options.has_old ? "true" : "false"), options.oversize});
    write_out(terminal_line("from now on each change of " + options.table +
                            " is an event of type " + options.type) +
              "\n");
    return 0;
}

int remove(const Options& options, Invocation& invocation) {
    const std::int64_t removed =
        change(invocation, "remove_capture(relation => $1, event_type => $2)",
               {options.table, options.only_type});
    write_out(terminal_line(captures_text(removed) + " of " + options.table +
                            (removed == 1 ? " is" : " are") +
                            " taken away; the events that there are stay") +
              "\n");
    return 0;
}

int refresh(const Options& options, Invocation& invocation) {
    const std::int64_t refreshed =
        change(invocation, "refresh_capture(relation => $1, event_type => $2)",
               {options.only_table, options.only_type});
    write_out(captures_text(refreshed) +
              (refreshed == 1 ? " is as its table is\n" : " are as their tables are\n"));
    return 0;
}

std::string read_text(Invocation& invocation, const std::string& query,
                      const std::vector<sql::Parameter>& parameters) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    return std::string(transaction.exec(query, parameters).only().text(0));
}

int show(const Options& options, Invocation& invocation) {
    write_out(read_text(invocation,
                        "select coalesce(capture_text(relation => $1, event_type => $2), '')",
                        {options.table, options.only_type}));
    return 0;
}

std::string joined(const JsonValue& names) {
    std::string text;
    for (const JsonValue& name : names.items()) {
        text += (text.empty() ? "" : ", ") + name.text().value_or("");
    }
    return text;
}

int list(const Options& options, Invocation& invocation) {
    const std::string json = read_text(
        invocation, "select coalesce(jsonb_agg(to_jsonb(c)), '[]')::text from captures() as c", {});
    if (options.json) {
        write_json(json);
        return 0;
    }
    const JsonValue captures = JsonValue::parse(json);
    if (captures.items().empty()) {
        write_out(advice("no table is captured; see \"baton capture add --help\"") + "\n");
        return 0;
    }
    Table table({"table", "events", "columns", "key", "old", "when"});
    for (const JsonValue& capture : captures.items()) {
        table.add({capture["relation"].text(), capture["event_type"].text(),
                   joined(capture["columns"]), joined(capture["key"]),
                   capture["has_old"].text() == "true" ? "yes" : "no",
                   capture["condition"].text()});
    }
    table.print(0, screen_width());
    for (const JsonValue& capture : captures.items()) {
        for (const JsonValue& fault : capture["faults"].items()) {
            write_out(wrapped(terminal_line(fault.text().value_or("")), 2, screen_width() - 2) +
                      "\n");
        }
    }
    return 0;
}

using Run = std::function<int(const Options&, Invocation&)>;

Verb verb_of(Verb verb, const std::shared_ptr<Options>& options, const Run& run) {
    verb.run = [options, run](Invocation& invocation) { return run(*options, invocation); };
    return verb;
}

Option table_option(Options& options) {
    return {"TABLE", "which table: orders, shop.orders, 'shop.\"Order Lines\"' [in public]",
            &options.table, true};
}

Option only_type_option(Options& options) {
    return {"--type", "only what makes events of this type [every type]", &options.only_type};
}

Verb add_verb() {
    const auto options = std::make_shared<Options>();
    return verb_of(
        {.name = "add",
         .help = "make each change of a table an event, in its transaction; for the owner",
         .about =
             "The event has the key of the row, and of its columns those that are named, where "
             "they\nchanged. Whoever writes to the table needs no right here.\n"
             "Example: baton capture add orders --type order/changed --columns status,total",
         .options = {table_option(*options),
                     {"--type", "of the events: order/changed", &options->type, true},
                     {"--columns",
                      "what events may show: names with commas between; '*': all there are now",
                      &options->columns, true},
                     {"--when",
                      "SQL over old and new, the row before and after; what is not true makes no "
                      "event",
                      &options->condition},
                     {"--key", "the columns that tell rows apart [the primary key]", &options->key},
                     {"--key-prefix", "stands before the key: order/", &options->prefix},
                     {"--old", "show what values were before, too", &options->has_old},
                     {.name = "--oversize",
                      .help = "where an event would be too large, the statement fails (refuse), or "
                              "the largest fields stay away [refuse]",
                      .place = &options->oversize,
                      .choices = {"refuse", "drop-field"}}}},
        options, add);
}

Verb list_verb() {
    const auto options = std::make_shared<Options>();
    return verb_of({.name = "list",
                    .help = "list the captured tables, and what is wrong with them",
                    .about = "Example: baton capture list",
                    .options = {{"--json", "print JSON", &options->json}}},
                   options, list);
}

Verb show_verb() {
    const auto options = std::make_shared<Options>();
    return verb_of({.name = "show",
                    .help = "print the SQL of a table's triggers and of their functions",
                    .about = "Example: baton capture show orders",
                    .options = {table_option(*options), only_type_option(*options)}},
                   options, show);
}

Verb refresh_verb() {
    const auto options = std::make_shared<Options>();
    return verb_of(
        {.name = "refresh",
         .help = "make captures anew for the tables as they are now; for the owner",
         .about = "After columns were renamed or of another type, after partitions were added, "
                  "after a restore.\nExample: baton capture refresh",
         .options = {{"TABLE", "which table [every table]", &options->only_table},
                     only_type_option(*options)}},
        options, refresh);
}

Verb remove_verb() {
    const auto options = std::make_shared<Options>();
    return verb_of({.name = "remove",
                    .help = "let the changes of a table make no events any more; for the owner",
                    .about = "Example: baton capture remove orders",
                    .options = {table_option(*options), only_type_option(*options)}},
                   options, remove);
}

}  // namespace

Verb capture_verb() {
    return {.name = "capture",
            .help = "make the changes of a table events, without touching the application",
            .about = "Example: baton capture list",
            .verbs = {add_verb(), list_verb(), show_verb(), refresh_verb(), remove_verb()}};
}

}  // namespace baton::cli
