// baton bisect: the event, or the switch of versions, after which a check of a view fails.
#include <vector>

#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/past.hpp"
#include "comparison.hpp"
#include "output.hpp"
#include "past_session.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string view;
    std::optional<std::int64_t> good;
    std::optional<std::int64_t> bad;
    std::string check;
    std::optional<std::int64_t> version;
    bool json = false;
};

// The view at one position after the other. It only goes forward, so to go back it is folded anew,
// from the nearest snapshot.
class Probe {
public:
    Probe(PastSession& session, const Options& options) : session_(session), options_(options) {}

    /// Whether the check is true of the view as `version` has it at `at`.
    [[nodiscard]] bool is_good(int version, Position at) {
        ++count_;
        go_to(version, at);
        sql::Transaction transaction(session_.connection());
        transaction.exec("set transaction read only");
        try {
            // On lines of its own: a comment in it ends there.
            const sql::Result answer =
                transaction.exec("select (\n" + options_.check + "\n)::boolean", {});
            if (!answer.only().is_null(0)) return answer.only().boolean(0);
        } catch (const sql::SqlError& error) {
            const std::string& state = error.sqlstate();
            if ((!state.starts_with("42") && !state.starts_with("22") && state != "21000") ||
                state == "42501") {
                throw;
            }
            refuse("--check: at position " + text_of(at) + ": " + error.what());
        }
        refuse("--check: it is null at position " + text_of(at) + "; it is to be true or false");
    }
    /// The rows that the event at `at` changed.
    void print_change(int version, Position at) {
        const Position before{static_cast<std::int64_t>(at) - 1};
        go_to(version, before);
        session_.connection().exec("create temporary table baton_former (like " + view_->table() +
                                   " including indexes)");
        session_.connection().exec(std::string("insert into ") + former_table + " table " +
                                   view_->table());
        PastSession::travel(*view_, at);
        print_comparison(session_.connection(), {.former = former_table,
                                                 .later = view_->table(),
                                                 .former_columns = view_->columns(),
                                                 .later_columns = view_->columns(),
                                                 .about = options_.view + " from position " +
                                                          text_of(before) + " to " + text_of(at)});
    }
    [[nodiscard]] int count() const { return count_; }

private:
    void go_to(int version, Position at) {
        if (!view_ || version != version_ || at < view_->position()) open(version, at);
        PastSession::travel(*view_, at);
    }
    void open(int version, Position at) {
        if (view_) session_.connection().exec("drop table " + view_->table() + " cascade");
        view_.reset();
        view_ = session_.open({options_.view, version}, at);
        version_ = version;
        // The check names the view as everybody does.
        session_.connection().exec("create temporary view " + quoted(options_.view) +
                                   " as select * from " + view_->table());
    }
    static std::string quoted(const std::string& name) {
        std::string text = "\"";
        for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
        return text + '"';
    }

    PastSession& session_;
    const Options& options_;
    std::unique_ptr<PastView> view_;
    int version_ = 0;
    int count_ = 0;
};

// After what the check fails.
struct Culprit {
    Position position;
    int version = 0;                 // of the view, afterwards
    std::optional<int> former = {};  // another one before: then it is the switch
};

Culprit find_event(Probe& probe, int version, Position good, Position bad) {
    auto low = static_cast<std::int64_t>(good);
    auto high = static_cast<std::int64_t>(bad);
    while (high - low > 1) {
        const std::int64_t middle = low + (high - low) / 2;
        (probe.is_good(version, Position{middle}) ? low : high) = middle;
    }
    return {Position{high}, version};
}

Culprit find(Probe& probe, const std::vector<sql::ShownVersion>& shown, Position good,
             Position bad) {
    if (!probe.is_good(shown.front().version, good)) {
        refuse("--good: the check is false at position " + text_of(good) + " already");
    }
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const int version = shown[i].version;
        const bool is_last = i + 1 == shown.size();
        const Position end = is_last ? bad : shown[i + 1].since;
        if (end > shown[i].since && !probe.is_good(version, end)) {
            return find_event(probe, version, shown[i].since, end);
        }
        if (!is_last && !probe.is_good(shown[i + 1].version, end)) {
            return {end, shown[i + 1].version, version};
        }
    }
    refuse("--bad: the check is true at position " + text_of(bad) + ", too");
}

// As `log --json` has it.
std::string event_at(sql::Connection& connection, Position position) {
    sql::Transaction transaction(connection);
    const sql::Result rows = transaction.exec(
        "select content from log_lines(after_position => $1::bigint, scan_count => 1,"
        " limit_count => 1, as_json => true)",
        {static_cast<std::int64_t>(position) - 1});
    return std::string(rows[0].text(0));
}

void print_json(sql::Connection& connection, const Options& options, const Culprit& culprit,
                int looks) {
    std::optional<std::string> event;
    if (!culprit.former) event = event_at(connection, culprit.position);
    sql::Transaction transaction(connection);
    const sql::Result line = transaction.exec(
        "select json_build_object('culprit', case when $4::integer is null then 'event' else"
        " 'switch' end, 'view', $1::text, 'position', $2::bigint, 'version', $3::integer,"
        " 'former', $4::integer, 'looks', $5::integer, 'event', $6::json)",
        {options.view, static_cast<std::int64_t>(culprit.position), culprit.version, culprit.former,
         looks, event});
    write_json(line.only().text(0));
}

void print_text(PastSession& session, Probe& probe, const Options& options,
                const Culprit& culprit) {
    const std::string version = options.view + "@" + std::to_string(culprit.version);
    const std::string looks = ", found with " + std::to_string(probe.count()) + " looks\n";
    if (culprit.former) {
        write_out("the check fails with the switch from " + options.view + "@" +
                  std::to_string(*culprit.former) + " to " + version + " at position " +
                  text_of(culprit.position) + looks);
        return;
    }
    write_out("the check fails with the event at position " + text_of(culprit.position) + " (" +
              version + ")" + looks);
    write_json(event_at(session.connection(), culprit.position));
    probe.print_change(culprit.version, culprit.position);
}

int bisect(const Options& options, Invocation& invocation) {
    const Position good{options.good.value_or(0)};
    const Position bad{options.bad.value_or(0)};
    if (good >= bad) refuse("--good " + text_of(good) + " is not before --bad " + text_of(bad));
    PastSession session(invocation);
    std::vector<sql::ShownVersion> shown{{static_cast<int>(options.version.value_or(0)), good}};
    if (!options.version) {
        static_cast<void>(session.live_version(options.view));
        shown = sql::versions_shown(session.connection(), options.view, good, bad);
    }
    Probe probe(session, options);
    const Culprit culprit = find(probe, shown, good, bad);
    if (options.json) {
        print_json(session.connection(), options, culprit, probe.count());
    } else {
        print_text(session, probe, options, culprit);
    }
    return 0;
}

}  // namespace

Verb bisect_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "bisect",
            .help = "find the event, or the switch of versions, that broke a view",
            .about =
                "--check is SQL that names the view, and is true while all is well; it runs with\n"
                "your own rights, in a transaction that can only read. Between the two positions\n"
                "it is asked of the middle, and again of the half in which it comes to fail, as\n"
                "readers were shown the view then: for each look the log is folded anew, from the\n"
                "nearest snapshot, and nothing is changed. For that the program must carry the\n"
                "reducer in each version that was live (for SQL reducers any program will do),\n"
                "and your role must have the rights of the group role ..._orchestrate.\n"
                "Example: baton bisect monthly_sales --good 1 --bad 4200\n"
                "           --check 'select min(amount) >= 0 from monthly_sales'",
            .options = {{"NAME", "which view; `baton views` lists them", &options->view, true},
                        {"--good", "a position at which the check is true", &options->good, true},
                        {"--bad", "a later one at which it is false", &options->bad, true},
                        {"--check", "an SQL condition, or a query that gives one true or false",
                         &options->check, true},
                        {.name = "--version",
                         .help = "of this version all the way [the one that was live]",
                         .place = &options->version,
                         .bounds = {.min = 1}},
                        {"--json", "print one JSON object", &options->json}},
            .run = [options](Invocation& invocation) { return bisect(*options, invocation); }};
}

}  // namespace baton::cli
