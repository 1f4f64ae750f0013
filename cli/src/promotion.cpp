#include "promotion.hpp"

#include <memory>
#include <thread>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/parameter.hpp"
#include "output.hpp"
#include "promotion_plan.hpp"
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

std::int64_t ask(sql::Connection& connection, const PromotionRequest& request) {
    sql::Transaction transaction(connection);
    const std::int64_t id = ask_for(transaction, request);
    transaction.commit();
    return id;
}

// Who waits for a build may do so before the program that was just started has made it known.
std::int64_t ask_patiently(sql::Connection& connection, const PromotionRequest& request,
                           const StopSignals& signals) {
    const Clock::time_point begun = Clock::now();
    for (;;) {
        try {
            return ask(connection, request);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::version_unknown || !request.when_ready ||
                signals.came() || request.versions.empty() || Clock::now() - begun > start_max) {
                throw;
            }
        }
        std::this_thread::sleep_for(poll_interval);
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
            "select p.state, p.reason, p.position, s.name, s.version "
            "from promotion_state($1::bigint) as p "
            "cross join unnest(p.view_sets || p.handlers, p.versions || p.handler_versions) as s "
            "(name, version)",
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

}  // namespace

std::vector<Option> waiting_options(PromotionRequest& request) {
    return {
        {"--when-ready", "wait for the build to come near the log's end, instead of being refused",
         &request.when_ready},
        {"--timeout",
         "how many seconds to wait; then it is cancelled [60; with --when-ready: no limit]",
         &request.timeout},
        {"--nodes", "of a handler: so many live nodes must carry the version [1]", &request.nodes},
        {.name = "--dry-run",
         .help = "change nothing, and say what it would come to",
         .place = &request.is_dry_run,
         .excludes = "--when-ready"}};
}

std::int64_t ask_for(sql::Transaction& transaction, const PromotionRequest& request) {
    const std::int64_t nodes = request.nodes.value_or(1);
    const sql::Result answer =
        request.versions.empty()
            ? transaction.exec(
                  "select roll_back(view_sets => $1::text[], when_ready => $2, nodes => "
                  "$3::integer)",
                  {sql::text_array(request.sets), request.when_ready, nodes})
            : transaction.exec(
                  "select promote(view_sets => $1::text[], versions => "
                  "$2::text[]::integer[], when_ready => $3, nodes => $4::integer)",
                  {sql::text_array(request.sets), sql::text_array(request.versions),
                   request.when_ready, nodes});
    return answer.only().integer(0);
}

std::string about_waiting() {
    return "It waits until that is done, or says why not; Ctrl-C cancels it. Outside of "
           "development "
           "only\nthe environment's owner may.\n";
}

int as_operator(const std::function<int()>& work) {
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

int request_promotion(const PromotionRequest& request, Invocation& invocation) {
    if (request.is_dry_run) {
        return as_operator([&] { return print_promotion_plan(request, invocation); });
    }
    std::optional<std::chrono::milliseconds> timeout;
    if (!request.timeout.empty()) timeout = seconds_of("--timeout", request.timeout);
    if (!timeout && !request.when_ready) timeout = usual_timeout;
    const environments::Environment environment = invocation.load();
    // Before the request: it is not to be left behind.
    const StopSignals signals([] {});
    sql::Connection connection = connect(environment, Access::write);
    return as_operator([&] {
        const std::int64_t id = ask_patiently(connection, request, signals);
        Waiting waiting(environment, connection, id);
        const Clock::time_point asked = Clock::now();
        while (!waiting.look(request.when_ready)) {
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

int cancel_promotion(std::int64_t id, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    const std::string name = "promotion " + std::to_string(id);
    return as_operator([&] {
        Waiting waiting(environment, connection, id);
        if (waiting.take_back("by `baton promote --cancel`")) {
            write_out(name + " is cancelled; nothing has changed\n");
            return 0;
        }
        if (!waiting.is_done()) return 1;
        throw Error(ErrorCode::promotion_refused,
                    name + " is done already; `baton rollback` leads back");
    });
}

}  // namespace baton::cli
