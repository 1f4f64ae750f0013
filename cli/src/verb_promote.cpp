// baton promote, rollback, retire: which version of a view set is the live one.
//
// The database only takes the wish; the process that keeps the builds carries it out, and these
// verbs wait for that. Whoever gives up waiting takes the wish back.
#include <CLI/CLI.hpp>

#include <charconv>
#include <thread>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/parameter.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "stop_signals.hpp"
#include "versions.hpp"

namespace baton::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds poll_interval{50};
constexpr std::chrono::seconds usual_timeout{60};
constexpr std::chrono::seconds unreachable_max{30};
// How long a program may take from its start until its versions are known.
constexpr std::chrono::seconds start_max{10};
// A promotion takes less; what takes longer is told why.
constexpr std::chrono::seconds untold_max{1};

struct Given {
    SettingFlags settings;
    std::vector<std::string> words;
    bool when_ready = false;
    std::string timeout;
    std::optional<std::int64_t> cancel;
};

struct ToRetire {
    SettingFlags settings;
    std::string set;
    std::optional<std::int64_t> version;
    bool live = false;
};

struct Wish {
    std::vector<std::string> sets;
    std::vector<std::string> versions;  // none: a rollback
};

std::int64_t ask(sql::Connection& connection, const Wish& wish, bool when_ready) {
    sql::Transaction transaction(connection);
    const sql::Result answer =
        wish.versions.empty()
            ? transaction.exec("select roll_back(view_sets => $1::text[], when_ready => $2)",
                               {sql::text_array(wish.sets), when_ready})
            : transaction.exec(
                  "select promote(view_sets => $1::text[], versions => "
                  "$2::text[]::integer[], when_ready => $3)",
                  {sql::text_array(wish.sets), sql::text_array(wish.versions), when_ready});
    const std::int64_t id = answer.only().integer(0);
    transaction.commit();
    return id;
}

// Who waits for a build may do so before the program that was just started has made it known.
std::int64_t ask_patiently(sql::Connection& connection, const Wish& wish, bool when_ready,
                           const StopSignals& signals) {
    const Clock::time_point begun = Clock::now();
    for (;;) {
        try {
            return ask(connection, wish, when_ready);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::version_unknown || !when_ready || signals.came() ||
                wish.versions.empty() || Clock::now() - begun > start_max) {
                throw;
            }
        }
        std::this_thread::sleep_for(poll_interval);
    }
}

// Who may not: what Postgres says of a function leaves open who may.
template <class Work>
auto as_operator(const Work& work) {
    try {
        return work();
    } catch (const sql::SqlError& error) {
        const std::string what = error.what();
        if (error.sqlstate() != "42501" ||
            what.find("no development environment") != std::string::npos) {
            throw;
        }
        throw Error(error.code(), what +
                                      "; the environment's owner may do this, and in a development "
                                      "environment each role that orchestrates, too");
    }
}

class Waiting {
public:
    Waiting(const environments::Environment& environment, sql::Connection& connection,
            std::int64_t promotion)
        : environment_(environment), connection_(&connection), promotion_(promotion) {}

    // Whether it is done; if so, that was printed. Throws Error(promotion_refused).
    bool is_done() {
        sql::Transaction transaction(*connection_);
        const sql::Result rows = transaction.exec(
            "select p.state, p.reason, p.position, s.view_set, s.version "
            "from promotion_state($1::bigint) as p "
            "cross join unnest(p.view_sets, p.versions) as s (view_set, version)",
            {promotion_});
        if (rows.empty()) throw Error(ErrorCode::promotion_refused, name() + " is not known here");
        sets_.clear();
        for (const sql::Row& row : rows) {
            sets_.push_back(std::string(row.text(3)) + "@" + std::string(row.text(4)));
        }
        const std::string_view state = rows[0].text(0);
        if (state == "requested") return false;
        if (state != "done") {
            throw Error(ErrorCode::promotion_refused,
                        name() + " was " + std::string(state) + ": " +
                            std::string(rows[0].text_or_null(1).value_or("nobody said why")));
        }
        for (const sql::Row& row : rows) {
            write_out(std::string(row.text(3)) + " is live at version " + std::string(row.text(4)) +
                      " from position " + std::string(row.text(2)) + "\n");
        }
        return true;
    }

    // As is_done(), but a server that is away for a while is no answer. With `shows` it also shows
    // how the builds come along.
    bool look(bool shows) {
        try {
            if (connection_ == nullptr) reconnect();
            if (is_done()) return true;
            if (shows) {
                show_builds();
            } else if (Clock::now() - asked_ > untold_max) {
                tell_hold();
            }
            reached_ = Clock::now();
        } catch (const Error& error) {
            if (!error.retryable() && !error.loses_connection()) throw;
            if (Clock::now() - reached_ > unreachable_max) {
                throw Error(error.code(), std::string(error.what()) + "; " + name() +
                                              " may still be carried out: see `baton versions`");
            }
            connection_ = nullptr;
            own_.reset();
        }
        return false;
    }

    // What it waits for, in words; "" where that is nothing.
    std::string hold() {
        if (connection_ == nullptr) reconnect();
        sql::Transaction transaction(*connection_);
        const sql::Result answer =
            transaction.exec("select promotion_hold($1::bigint)", {promotion_});
        return std::string(answer.only().text_or_null(0).value_or(""));
    }

    // Whether it could be taken back; if not, it has an end already.
    bool take_back(const std::string& why) {
        if (connection_ == nullptr) reconnect();
        sql::Transaction transaction(*connection_);
        const bool is_ended = transaction
                                  .exec(
                                      "select end_promotion(id => $1::bigint, state => "
                                      "'cancelled', reason => $2)",
                                      {promotion_, why})
                                  .only()
                                  .boolean(0);
        transaction.commit();
        return is_ended;
    }
    // The end of who waited in vain.
    int give_up(const std::string& why) {
        if (!take_back(why)) return is_done() ? 0 : 1;
        throw Error(ErrorCode::promotion_refused,
                    name() + " was cancelled: " + why + "; nothing has changed");
    }

private:
    [[nodiscard]] std::string name() const { return "promotion " + std::to_string(promotion_); }
    void reconnect() {
        own_.reset(new sql::Connection(connect(environment_, Access::write)));
        connection_ = own_.get();
    }
    void tell_hold() {
        const std::string now = hold();
        if (now.empty() || std::exchange(told_, now) == now) return;
        std::fprintf(stderr, "waiting: %s\n", advice(now).c_str());
    }
    void show_builds() {
        if (!watch_) watch_.emplace(sets_);
        try {
            watch_->look(*connection_);
        } catch (const Error& error) {
            // Who keeps the build refuses the promotion then, and says so.
            if (error.code() != ErrorCode::view_halted) throw;
        }
    }

    const environments::Environment& environment_;
    sql::Connection* connection_;
    std::unique_ptr<sql::Connection> own_;
    const std::int64_t promotion_;
    std::vector<std::string> sets_;
    std::optional<BuildWatch> watch_;
    std::string told_;
    const Clock::time_point asked_ = Clock::now();
    Clock::time_point reached_ = asked_;
};

int ask_and_wait(const Given& given, const Wish& wish, Invocation& invocation) {
    std::optional<std::chrono::milliseconds> timeout;
    if (!given.timeout.empty()) timeout = seconds_of("--timeout", given.timeout);
    if (!timeout && !given.when_ready) timeout = usual_timeout;
    const environments::Environment environment = given.settings.load(invocation);
    // Before the wish: it is not to be left behind.
    const StopSignals signals([] {});
    sql::Connection connection = connect(environment, Access::write);
    return as_operator([&] {
        const std::int64_t id = ask_patiently(connection, wish, given.when_ready, signals);
        Waiting waiting(environment, connection, id);
        const Clock::time_point asked = Clock::now();
        while (!waiting.look(given.when_ready)) {
            if (signals.came()) return waiting.give_up("who asked for it does not wait any more");
            if (timeout && Clock::now() - asked >= *timeout) {
                std::string hold;
                try {
                    hold = waiting.hold();
                } catch (const Error&) {
                    // Why is told where it can be; taking it back comes first.
                    hold.clear();
                }
                return waiting.give_up(
                    "it was not carried out within " +
                    duration_text(std::chrono::duration<double>(*timeout).count()) +
                    (hold.empty() ? "" : ": " + hold));
            }
            std::this_thread::sleep_for(poll_interval);
        }
        return 0;
    });
}

std::string checked_version(const std::string& text) {
    int version = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, version);
    if (error != std::errc{} || stop != end || version < 1) {
        refuse("VERSION must be a whole number of at least 1, not " +
               json_quoted(text.substr(0, 80)));
    }
    return text;
}

int cancel(const Given& given, const CLI::App& verb, Invocation& invocation) {
    for (const char* const name : {"SET", "--when-ready", "--timeout"}) {
        if (verb.count(name) > 0) refuse(std::string(name) + " does not go with --cancel");
    }
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::write);
    const std::string name = "promotion " + std::to_string(*given.cancel);
    return as_operator([&] {
        Waiting waiting(environment, connection, *given.cancel);
        if (waiting.take_back("by `baton promote --cancel`")) {
            write_out(name + " is cancelled; nothing has changed\n");
            return 0;
        }
        if (!waiting.is_done()) return 1;
        throw Error(ErrorCode::promotion_refused,
                    name + " is done already; `baton rollback` leads back");
    });
}

int promote(const Given& given, const CLI::App& verb, Invocation& invocation) {
    if (given.cancel) return cancel(given, verb, invocation);
    if (given.words.empty() || given.words.size() % 2 != 0) {
        refuse("as many versions as view sets are wanted: SET VERSION [SET VERSION ...]; see `" +
               invocation.app.name() + " versions` for what there is");
    }
    Wish wish;
    for (std::size_t i = 0; i < given.words.size(); i += 2) {
        wish.sets.push_back(given.words[i]);
        wish.versions.push_back(checked_version(given.words[i + 1]));
    }
    return ask_and_wait(given, wish, invocation);
}

int retire(const ToRetire& given, Invocation& invocation) {
    const std::string version = std::to_string(*given.version);
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::write);
    as_operator([&] {
        sql::Transaction transaction(connection);
        transaction.exec(
            "select retire_version(view_set => $1, version => $2::integer, live => $3::boolean)",
            {given.set, version, given.live});
        transaction.commit();
        return 0;
    });
    write_out(given.set + " version " + version + " is retired; the leader drops its rows\n");
    return 0;
}

void add_waiting(CLI::App& verb, Given& given) {
    verb.add_flag("--when-ready", given.when_ready,
                  "wait for the build to come near the log's end, instead of being refused");
    verb.add_option("--timeout", given.timeout,
                    "how many seconds to wait; then it is cancelled [60; with --when-ready: no "
                    "limit]");
}

constexpr const char* who_may =
    "It waits until that is done, or says why not; Ctrl-C cancels it. Outside of development only\n"
    "the environment's owner may.\n";

}  // namespace

void add_promote(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb = root.add_subcommand(
        "promote", "make a version of a view set the live one, or of several sets in one switch");
    auto given = std::make_shared<Given>();
    verb->add_option("SET", given->words, "which, in pairs: sales 2 stock 5")->type_name("VERSION");
    add_waiting(*verb, *given);
    add_number(*verb, "--cancel", given->cancel,
               "instead: cancel the promotion of this number, which somebody asked for",
               {.min = 1});
    given->settings.offer(*verb);
    verb->footer(footer(std::string("All views of the sets change over in one transaction, at one "
                                    "position of the log.\n") +
                        who_may + "Example: baton promote sales 2 --when-ready"));
    verb->callback([&invocation, given, verb] {
        invocation.chosen = [&invocation, given, verb] {
            return promote(*given, *verb, invocation);
        };
    });
}

void add_rollback(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb = root.add_subcommand(
        "rollback", "make the version live again that a view set had before; nothing is rebuilt");
    auto given = std::make_shared<Given>();
    verb->add_option("SET", given->words, "which; several go in one switch")
        ->required()
        ->type_name("...");
    add_waiting(*verb, *given);
    given->settings.offer(*verb);
    verb->footer(footer(std::string("The former version must still be kept warm, by a program that "
                                    "carries it. Right after\na switch that takes a moment, "
                                    "which is waited for.\n") +
                        who_may + "Example: baton rollback sales"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] {
            return ask_and_wait(*given, {given->words, {}}, invocation);
        };
    });
}

void add_retire(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb = root.add_subcommand(
        "retire",
        "give up a version of a view set: a build, a former one, or for good the live one");
    auto given = std::make_shared<ToRetire>();
    verb->add_option("SET", given->set, "which")->required();
    add_number(*verb, "VERSION", given->version, "which of its versions", {.min = 1})->required();
    verb->add_flag("--live", given->live, "although it is live: its views are there no more");
    given->settings.offer(*verb);
    verb->footer(
        footer("Its rows are dropped and no rollback leads back to it; nothing is built for this\n"
               "version again. Outside of development only the environment's owner may.\n"
               "Example: baton retire sales 1"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] { return retire(*given, invocation); };
    });
}

}  // namespace baton::cli
