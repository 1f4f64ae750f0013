#include "baton/testing/chaos.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <random>

#include "baton/base/error.hpp"
#include "baton/base/fault.hpp"
#include "baton/testing/expectation.hpp"

namespace baton::testing {
namespace {

constexpr const char* clock_step = "clock_step";
constexpr std::array faults{"after_read",   "before_checkpoint", "before_commit", "after_commit",
                            "task_claimed", "task_handled",      "task_done",     clock_step};

std::vector<std::string> lines_of(const std::filesystem::path& file) {
    std::ifstream input(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(input, line);) {
        if (!line.empty()) lines.push_back(line);
    }
    if (lines.empty()) {
        throw Error(ErrorCode::usage,
                    "there are no events in " + file.string() + "; `baton log --json` prints them");
    }
    return lines;
}

class Chaos {
public:
    Chaos(TestParts parts, const ChaosOptions& options, DatabaseServer& server)
        : options_(options),
          lines_(lines_of(options.events)),
          random_(options.seed),
          environment_(std::move(parts), server) {
        if (!options.set_up.empty()) environment_.connection().exec(options.set_up);
        environment_.register_handlers();
        environment_.fold();
    }

    ChaosReport run() {
        const auto end = std::chrono::steady_clock::now() + options_.time;
        while (report_.broken.empty() && report_.rounds < options_.rounds_max &&
               (report_.rounds == 0 || std::chrono::steady_clock::now() < end)) {
            round();
        }
        arm_fault("");
        settle();
        require_each_event_once();
        holds([&] { environment_.expect_views_rebuild(); });
        holds([&] { environment_.expect_no_version_mix(); });
        require_no_stuck_task();
        for (const std::string& check : options_.checks) require(check);
        return std::move(report_);
    }

private:
    int choice(int from, int to) { return std::uniform_int_distribution<int>(from, to)(random_); }

    void round() {
        ++report_.rounds;
        const std::string fault = faults.at(static_cast<std::size_t>(choice(0, faults.size() - 1)));
        const int deaths = environment_.crashes();
        if (fault == clock_step) {
            environment_.advance(std::chrono::seconds(choice(1, 24 * 3600)));
            ++report_.faults[fault];
        } else {
            environment_.crash_at(fault);
        }
        for (int i = choice(1, 10); i > 0; --i) {
            ids_.push_back(static_cast<std::int64_t>(
                environment_.dispatch_line(lines_.at(next_++ % lines_.size()))));
            ++report_.events;
        }
        drain();
        if (environment_.crashes() > deaths) ++report_.faults[fault];
    }

    // What a handler throws is an attempt that failed; what a view or Baton says is a fault.
    void drain() {
        try {
            static_cast<void>(environment_.drain());
        } catch (const ExpectationFailed& failed) {
            report_.broken.emplace_back(failed.what());
        } catch (const Error& error) {
            if (error.code() == ErrorCode::view_halted || error.code() == ErrorCode::wait_timeout) {
                report_.broken.emplace_back("views stand still: " + std::string(error.what()));
            } else {
                note(error.what());
            }
        } catch (const std::exception& error) {
            note(error.what());
        }
    }
    void note(const std::string& error) {
        if (report_.handler_errors++ == 0) report_.handler_error = error;
    }

    // Until nothing waits, or nothing changes any more: what failed is tried again after pauses.
    void settle() {
        constexpr int tries = 100;
        for (int i = 0; i < tries && report_.broken.empty() && (i == 0 || has_waiting()); ++i) {
            drain();
            environment_.advance(std::chrono::hours(24));
        }
    }
    bool has_waiting() {
        return std::ranges::any_of(environment_.tasks(), [](const TestTask& task) {
            return task.state == "waiting" || task.state == "due" || task.state == "following" ||
                   task.state == "claimed";
        });
    }

    template <class Expectation>
    void holds(Expectation expectation) {
        try {
            expectation();
        } catch (const std::exception& error) {
            report_.broken.emplace_back(error.what());
        }
    }

    void require_each_event_once() {
        std::string list;
        for (const std::int64_t id : ids_) list += (list.empty() ? "" : ",") + std::to_string(id);
        holds([&] {
            sql::Transaction transaction(environment_.connection());
            const sql::Row row =
                transaction
                    .exec(
                        "select count(*) filter (where l.id = any ($1::bigint[])),"
                        " count(*) = count(distinct l.id) and count(*) = coalesce(max(position), 0)"
                        " from read_log(0, 10000000) as l",
                        {"{" + list + "}"})
                    .only();
            if (row.integer(0) == static_cast<std::int64_t>(ids_.size()) && row.boolean(1)) return;
            throw ExpectationFailed("of " + std::to_string(ids_.size()) +
                                    " dispatched events the log has " +
                                    std::to_string(row.integer(0)) +
                                    (row.boolean(1) ? "" : ", some twice or with gaps"));
        });
    }
    void require_no_stuck_task() {
        for (const TestTask& task : environment_.tasks()) {
            if (task.state == "done" || task.state == "dead" || task.state == "cancelled" ||
                task.state == "replaced") {
                continue;
            }
            report_.broken.push_back("task " + std::to_string(task.id) + " of " + task.handler +
                                     " is " + task.state + ", after days without a fault");
            return;
        }
    }
    void require(const std::string& check) {
        holds([&] {
            const sql::Result rows = environment_.connection().exec("select (" + check + ")");
            if (rows.size() == 1 && !rows[0].is_null(0) && rows[0].boolean(0)) return;
            throw ExpectationFailed("it is not so any more: " + check);
        });
    }

    const ChaosOptions& options_;
    const std::vector<std::string> lines_;
    std::mt19937_64 random_;
    TestEnvironment environment_;
    std::vector<std::int64_t> ids_;
    std::size_t next_ = 0;
    ChaosReport report_;
};

}  // namespace

ChaosReport run_chaos(TestParts parts, const ChaosOptions& options, DatabaseServer& server) {
    return Chaos(std::move(parts), options, server).run();
}

}  // namespace baton::testing
