// baton bookmarks …: how far those are who follow the log, and to let one go on elsewhere.
#include "asking.hpp"
#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"
#include "command_line.hpp"
#include "json_value.hpp"
#include "ndjson.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string name;
    std::string to;
    std::optional<std::string> after;
    std::optional<std::int64_t> limit;
    bool json = false;
};

std::string bookmark(const Options& options) { return "bookmark " + terminal_line(options.name); }

std::string read_bookmarks(Invocation& invocation, const std::optional<std::string>& name,
                           const std::optional<std::string>& after, std::int64_t limit) {
    return read_text(invocation,
                     "select coalesce(jsonb_agg(to_jsonb(b) order by b.name), '[]')::text"
                     " from bookmarks(name => $1, after => $2, limit_count => $3::integer) as b",
                     {name, after, limit});
}

int list(const Options& options, Invocation& invocation) {
    const std::int64_t limit = options.limit.value_or(100);
    print_listing(
        read_bookmarks(invocation, std::nullopt, options.after, limit), options.json, limit,
        {.nothing = "there is no bookmark",
         .columns = {"bookmark", "state", "position", "lag events", "lag s", "held by"},
         .cells = [](const JsonValue& row) -> std::vector<std::optional<std::string>> {
             return {row["name"].text(),       row["state"].text(),       row["position"].text(),
                     row["lag_events"].text(), row["lag_seconds"].text(), row["held_by"].text()};
         },
         .next_flag = "--after",
         .next_field = "name"});
    return 0;
}

int show(const Options& options, Invocation& invocation) {
    const std::string json = read_bookmarks(invocation, options.name, std::nullopt, 1);
    const JsonValue found = JsonValue::parse(json);
    if (found.items().empty()) {
        throw Error(ErrorCode::bookmark_lost, "there is no bookmark " +
                                                  json_quoted(options.name.substr(0, 128)) +
                                                  "; see `baton bookmarks list`");
    }
    if (options.json) {
        // The one, out of its array.
        write_json(std::string_view(json).substr(1, json.size() - 2));
        return 0;
    }
    constexpr std::size_t margin = 13;
    for (const auto& [name, key] :
         std::vector<std::pair<std::string, std::string>>{{"bookmark", "name"},
                                                          {"state", "state"},
                                                          {"position", "position"},
                                                          {"lag events", "lag_events"},
                                                          {"lag s", "lag_seconds"},
                                                          {"cut after", "lag_longest"},
                                                          {"held by", "held_by"},
                                                          {"since", "held_since"},
                                                          {"types", "types"},
                                                          {"moved at", "moved_at"},
                                                          {"made at", "made_at"},
                                                          {"made by", "made_by"},
                                                          {"why", "reason"}}) {
        const auto& text = found.items().front()[key].text();
        if (!text) continue;
        std::string line = name;
        line.resize(margin, ' ');
        write_out(line + wrapped(terminal_line(advice(*text)), margin, screen_width() - margin) +
                  "\n");
    }
    return 0;
}

int move(const Options& options, Invocation& invocation) {
    std::optional<std::string> to;
    if (options.to != "end") to = options.to;
    if (to && (to->empty() || to->size() > 18 ||
               to->find_first_not_of("0123456789") != std::string::npos)) {
        throw Error(ErrorCode::usage,
                    "--to is a position of the log, 0 for before all of it, or "
                    "end; not " +
                        json_quoted(options.to.substr(0, 128)));
    }
    const std::string former =
        change(invocation, "select move_bookmark($1, $2::bigint)", {options.name, to});
    write_out(bookmark(options) + " goes on behind " +
              (to ? "position " + *to : "all that the log has now") + "; it was at " + former +
              "\n");
    return 0;
}

int remove(const Options& options, Invocation& invocation) {
    change(invocation, "select coalesce(remove_bookmark(name => $1)::text, '')", {options.name});
    write_out(bookmark(options) + " is removed\n");
    return 0;
}

using Run = int (*)(const Options&, Invocation&);

Verb verb_of(Verb verb, const std::shared_ptr<Options>& options, Run run) {
    verb.run = [options, run](Invocation& invocation) { return run(*options, invocation); };
    return verb;
}

}  // namespace

Verb bookmarks_verb() {
    const auto options = std::make_shared<Options>();
    const Option json{"--json", "as JSON", &options->json};
    const Option name{"NAME", "which bookmark", &options->name, true};
    Verb group{.name = "bookmarks",
               .help = "how far those are who follow the log",
               .about = "Example: baton bookmarks list"};
    group.verbs = {
        verb_of({.name = "list",
                 .help = "list them, by name",
                 .about = "Example: baton bookmarks list --json | jq '.[].lag_events'",
                 .options = {{"--after", "only those behind that name", &options->after},
                             {.name = "--limit",
                              .help = "so many at most [100]",
                              .place = &options->limit,
                              .bounds = {1, 1000}},
                             json}},
                options, list),
        verb_of({.name = "show",
                 .help = "print one: who has it, how far it lags, why it was cut",
                 .about = "Example: baton bookmarks show mailer",
                 .options = {name, json}},
                options, show),
        verb_of({.name = "move",
                 .help = "let it go on elsewhere; who has it now asks for it anew",
                 .about = "The events up to there count as done with: 0 is none of them, end all "
                          "that there are.\nExample: baton bookmarks move mailer --to end",
                 .options = {name,
                             {.name = "--to",
                              .help = "a position of the log, or end",
                              .place = &options->to,
                              .is_required = true,
                              .placeholder = "POSITION"}}},
                options, move),
        verb_of({.name = "remove",
                 .help = "forget it: whoever asks for it next begins anew",
                 .about = "Example: baton bookmarks remove mailer",
                 .options = {name}},
                options, remove)};
    return group;
}

}  // namespace baton::cli
