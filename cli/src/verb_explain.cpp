// baton explain: the events that made a row of a view what it is.
#include <algorithm>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/past.hpp"
#include "output.hpp"
#include "past_session.hpp"
#include "rows.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string view;
    std::vector<std::string> key;
    std::optional<std::int64_t> at;
    std::optional<std::int64_t> from;
    std::optional<std::int64_t> version;
    bool json = false;
};

// What becomes of one row, as the log is folded.
class Story {
public:
    Story(PastSession& session, const Options& options, int version, const PastView& view)
        : session_(session), options_(options), version_(version) {
        const std::vector<std::string> names = key_names_of(view.columns());
        if (names.size() != options.key.size()) {
            std::string list;
            for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
            refuse("the key of " + options.view + " is (" + list + "): give " +
                   std::to_string(names.size()) + (names.size() == 1 ? " value" : " values"));
        }
        query_ = "select row_to_json(r)::text, r.position from " + view.table() + " as r where ";
        for (std::size_t i = 0; i < names.size(); ++i) {
            query_ += (i == 0 ? "" : " and ") + std::string("r.\"") + names[i] + "\" = $" +
                      std::to_string(i + 1);
            parameters_.emplace_back(options.key[i]);
        }
    }

    [[nodiscard]] PastView::Sight sight(sql::Transaction& transaction) const {
        try {
            const sql::Result rows =
                transaction.exec(query_, std::span<const sql::Parameter>(parameters_));
            if (rows.empty()) return {};
            return {std::string(rows[0].text(0)), Position{rows[0].integer(1)}};
        } catch (const sql::SqlError& error) {
            if (!error.sqlstate().starts_with("22")) throw;
            refuse("KEY: " + std::string(error.what()));
        }
    }

    void begin(const std::string& row) {
        if (options_.json) return write_out("[");
        if (row.empty()) return;
        write_out("before position " + std::to_string(options_.from.value_or(1)) + "\n");
        sql::Transaction transaction(session_.connection());
        print_lines(transaction.exec(std::string("select ") + changed_lines, {"", row}));
    }
    void tell(Position at, const std::string& before, const std::string& after) {
        sql::Transaction transaction(session_.connection());
        const std::initializer_list<sql::Parameter> parameters{
            before, after, static_cast<std::int64_t>(at), options_.view, version_};
        if (options_.json) {
            const sql::Result line = transaction.exec(told_json, parameters);
            write_out((count_ == 0 ? "" : ",\n ") + terminal_json(line.only().text(0)));
        } else {
            print_lines(transaction.exec(
                std::string("select ") + told_lines + changed_lines + told_from, parameters));
        }
        ++count_;
    }
    void end(const std::string& row, Position at) const {
        if (options_.json) return write_out("]\n");
        write_out(options_.view + "@" + std::to_string(version_) + " at position " + text_of(at) +
                  ": " + (row.empty() ? "there is no such row" : "the row is what it is") +
                  (count_ == 0 ? ", and no event touched it\n"
                               : ", by " + std::to_string(count_) +
                                     (count_ == 1 ? " event\n" : " events\n")));
    }

private:
    // Of the rows $1 and $2, as JSON.
    static constexpr const char* changed_lines =
        "case when $2 = '' then '  removed' else coalesce((select string_agg(concat('  ', a.key,"
        " '  ', b.value::text || ' -> ', a.value), E'\\n' order by a.ordinality)"
        " from json_each(nullif($2, '')::json) with ordinality as a"
        " left join json_each(nullif($1, '')::json) as b on b.key = a.key"
        " where a.key <> 'position' and a.value::text is distinct from b.value::text),"
        " '  touched, and no field changed') end";
    // The event at position $3, in a line, its transaction in another.
    static constexpr const char* told_lines =
        "concat_ws('  ', 'position ' || $3::text, to_char(e.dispatched_at, 'YYYY-MM-DD"
        " HH24:MI:SS.MS'), e.type, e.key) || E'\\n' || concat('  ', $4::text, '@', $5::text,"
        " ', batch ', b.first_position, '-', b.first_position + b.count - 1, ' by ' || l.node,"
        " ', transaction ', e.xid, ', meta ' || (g.content::json ->> 'meta')) || E'\\n' || ";
    static constexpr const char* told_from =
        " from log_lines(after_position => $3::bigint - 1, scan_count => 1, limit_count => 1,"
        " as_json => true) as g"
        " cross join lateral (select * from batch where first_position <= $3::bigint"
        " order by first_position desc limit 1) as b"
        " join event e on e.id = (g.content::json ->> 'id')::bigint"
        " left join leadership l on l.epoch = b.epoch"
        " where g.content is not null";
    static inline const std::string told_json =
        std::string(
            "select json_build_object('position', $3::bigint, 'view', $4::text,"
            " 'version', $5::integer, 'change', case when $1 = '' then 'added'"
            " when $2 = '' then 'removed' else 'changed' end,"
            " 'before', nullif($1, '')::json, 'after', nullif($2, '')::json,"
            " 'transaction', e.xid::text, 'batch', json_build_object("
            " 'first_position', b.first_position, 'count', b.count,"
            " 'recorded_at', b.recorded_at, 'epoch', b.epoch, 'leader', l.node),"
            " 'event', g.content::json)::text") +
        told_from;

    static void print_lines(const sql::Result& told) {
        std::string_view text = told.only().text(0);
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            write_out(terminal_line(std::string(text.substr(0, end))) + "\n");
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }

    PastSession& session_;
    const Options& options_;
    const int version_;
    std::string query_;
    std::vector<sql::Parameter> parameters_;
    std::size_t count_ = 0;
};

int explain(const Options& options, Invocation& invocation) {
    PastSession session(invocation);
    const Position to = options.at ? Position{*options.at} : sql::log_end(session.connection());
    const Position from{std::min(options.from.value_or(1) - 1, static_cast<std::int64_t>(to))};
    const int version =
        options.version ? static_cast<int>(*options.version) : session.live_version(options.view);
    const std::unique_ptr<PastView> view = session.open({options.view, version}, from);
    Story story(session, options, version, *view);
    const auto look = [&](sql::Transaction& transaction) { return story.sight(transaction); };
    PastSession::travel(*view, from);
    std::string row;
    {
        sql::Transaction transaction(session.connection());
        row = story.sight(transaction).text;
    }
    story.begin(row);
    PastSession::watch(*view, to, look,
                       [&](Position at, const std::string& before, const std::string& after) {
                           row = after;
                           story.tell(at, before, after);
                       });
    story.end(row, to);
    return 0;
}

}  // namespace

Verb explain_verb() {
    const auto options = std::make_shared<Options>();
    return {
        .name = "explain",
        .help = "tell the events that made a row of a view what it is",
        .about =
            "In their order: what each changed, its batch, its transaction and its meta. The\n"
            "log is folded anew, as the live version has it, from the first event or, with\n"
            "--from, from the nearest snapshot; nothing is changed. For that the program\n"
            "must carry the reducer (for a SQL reducer any program will do), and your role\n"
            "must have the rights of the group role ..._orchestrate.\n"
            "Example: baton explain monthly_sales 2014-03-01 West",
        .options = {{"VIEW", "which view; `baton views` lists them", &options->view, true},
                    {"KEY", "the row's key: a value for each of its columns", &options->key, true},
                    {.name = "--at",
                     .help = "as the row was at this position [the log's end]",
                     .place = &options->at},
                    {.name = "--from",
                     .help = "tell only events from this position on [1]",
                     .place = &options->from,
                     .bounds = {.min = 1}},
                    {.name = "--version",
                     .help = "of which version [the live one]",
                     .place = &options->version,
                     .bounds = {.min = 1}},
                    {"--json", "print a JSON array of objects", &options->json}},
        .run = [options](Invocation& invocation) { return explain(*options, invocation); }};
}

}  // namespace baton::cli
