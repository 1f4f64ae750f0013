// Nothing is lost, doubled or turned round, whatever writers do and however often a reader crashes.
//
// The oracle is a row per key that every writer updates before it dispatches: the row lock orders
// the transactions of a key, and the counter's new value goes into the payload. So the log is right
// if and only if each key's numbers are 1, 2, 3, … up to the counter's last committed value.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <pqxx/pqxx>
#include <random>
#include <semaphore>
#include <set>
#include <thread>

#include "log_follower.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/seed.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Random = std::mt19937_64;

constexpr int writer_count = 12;
constexpr int key_count = 8;

int up_to(Random& random, int most) { return std::uniform_int_distribution<int>(0, most)(random); }
bool one_in(Random& random, int n) { return up_to(random, n - 1) == 0; }

// What a transaction may do; each is drawn anew.
struct Plan {
    bool early_xid;
    bool prepares;
    bool rolls_back;
    int keys;
};

class Writer {
public:
    Writer(const std::string& url, std::uint64_t seed, int number, std::counting_semaphore<>& slots)
        : connection_(url), session_(connection_), random_(seed), number_(number), slots_(slots) {
        run("set search_path = baton_test");
    }

    void transact() {
        const Plan plan{one_in(random_, 3), one_in(random_, 12) && slots_.try_acquire(),
                        one_in(random_, 6), 1 + up_to(random_, 1)};
        run("begin");
        if (plan.early_xid) {
            run("select pg_current_xact_id()");
            maybe_sleep(3);
        }
        // Locks are taken in the order of the keys, so that nobody deadlocks.
        int key = 0;
        for (int i = 0; i < plan.keys; ++i) {
            key += 1 + up_to(random_, key_count - plan.keys + i - key);
            change(key);
        }
        finish(plan);
    }

private:
    pqxx::result run(const std::string& statement) { return session_.exec(statement); }

    // Ten to none milliseconds, mostly none; a part of the writers holds its locks longer.
    void maybe_sleep(int chance) {
        if (!one_in(random_, chance)) return;
        run("select pg_sleep(" + std::to_string(up_to(random_, 10)) + " / 1000.0)");
    }

    void change(int key) {
        const int count = one_in(random_, 4) ? 1 + up_to(random_, 30) : 1;
        const pqxx::result row = run("update counter set value = value + " + std::to_string(count) +
                                     " where key = 'k" + std::to_string(key) + "' returning value");
        const auto last = row[0][0].as<std::int64_t>();
        if (one_in(random_, 4)) dispatch_in_rolled_back_savepoint();
        maybe_sleep(4);
        dispatch(key, last - count + 1, last);
        maybe_sleep(4);
    }

    void dispatch_in_rolled_back_savepoint() {
        run("savepoint s");
        run("select dispatch('never', '{}', 'rolled back')");
        run("rollback to savepoint s");
    }

    void dispatch(int key, std::int64_t first, std::int64_t last) {
        const std::string name = "k" + std::to_string(key);
        const std::string range = std::to_string(first) + ", " + std::to_string(last);
        switch (up_to(random_, 3)) {
            case 0:
                copy(name, first, last);
                return;
            case 1:
                run("select dispatch_many((select jsonb_agg(jsonb_build_object('type', 'n', 'key', "
                    "'" +
                    name +
                    "', 'payload', jsonb_build_object('n', n)) order by n) "
                    "from generate_series(" +
                    range + ") as n))");
                return;
            case 2:
                run("savepoint inner_part");
                for (std::int64_t n = first; n <= last; ++n) dispatch_one(name, n, n == first);
                run("release savepoint inner_part");
                return;
            default:
                for (std::int64_t n = first; n <= last; ++n) dispatch_one(name, n, false);
        }
    }

    void dispatch_one(const std::string& key, std::int64_t n, bool with_id) {
        run("select dispatch('n', '{\"n\": " + std::to_string(n) + "}', '" + key + "'" +
            (with_id ? ", dispatch_id => gen_random_uuid())" : ")"));
    }

    void copy(const std::string& key, std::int64_t first, std::int64_t last) {
        pqxx::stream_to stream(session_, "event",
                               std::vector<std::string>{"type", "key", "payload"});
        for (std::int64_t n = first; n <= last; ++n) {
            stream << std::make_tuple(std::string("n"), key, "{\"n\": " + std::to_string(n) + "}");
        }
        stream.complete();
    }

    void finish(const Plan& plan) {
        if (!plan.prepares) {
            run(plan.rolls_back ? "rollback" : "commit");
            return;
        }
        const std::string name = "'w" + std::to_string(number_) + "'";
        run("prepare transaction " + name);
        maybe_sleep(1);
        run((plan.rolls_back ? "rollback prepared " : "commit prepared ") + name);
        slots_.release();
    }

    pqxx::connection connection_;
    pqxx::nontransaction session_;
    Random random_;
    int number_;
    std::counting_semaphore<>& slots_;
};

// Reads in pages of random size, up to two ahead of what is recorded, and crashes at every step:
// before it records, between recording and COMMIT, and after.
class CrashingReader {
public:
    CrashingReader(const std::string& url, std::uint64_t seed) : follower_(url), random_(seed) {}

    // One life. Returns whether it came to the end of the log.
    bool live() {
        LogReader reader = follower_.reader();
        for (;;) {
            std::vector<LogPage> pages(1 + static_cast<std::size_t>(up_to(random_, 2)));
            std::size_t count = 0;
            while (count < pages.size() && reader.next(random_limit(), pages[count])) ++count;
            for (std::size_t i = 0; i < count; ++i) {
                if (one_in(random_, 8)) return false;
                if (!record(pages[i])) return false;
                const std::vector<LoggedEvent> events = events_of(pages[i]);
                seen_.insert(seen_.end(), events.begin(), events.end());
                if (one_in(random_, 8)) return false;
            }
            if (count < pages.size()) return true;
        }
    }

    [[nodiscard]] const std::vector<LoggedEvent>& seen() const { return seen_; }
    [[nodiscard]] int crashes() const { return crashes_; }

private:
    std::size_t random_limit() {
        const int most = one_in(random_, 2) ? 10 : 500;
        return 1 + static_cast<std::size_t>(up_to(random_, most));
    }

    bool record(const LogPage& page) {
        Transaction transaction(follower_.writing());
        record_batch(transaction, follower_.epoch(), page, 1us);
        if (one_in(random_, 8)) {
            ++crashes_;
            return false;
        }
        transaction.commit();
        return true;
    }

    LogFollower follower_;
    Random random_;
    std::vector<LoggedEvent> seen_;
    int crashes_ = 0;
};

class LogTortureTest : public ::testing::Test {
protected:
    LogTortureTest() {
        connection_.exec("create table counter (key text primary key, value bigint not null)");
        connection_.exec("insert into counter select 'k' || n, 0 from generate_series(1, " +
                         std::to_string(key_count) + ") as n");
    }

    void torture(Clock::duration time) {
        std::seed_seq sequence{testing::seed(), testing::seed() >> 32U};
        std::vector<std::uint32_t> seeds(writer_count + 1);
        sequence.generate(seeds.begin(), seeds.end());

        std::counting_semaphore<> slots{5};
        std::atomic<int> writing{writer_count};
        const auto end = Clock::now() + time;
        std::vector<std::jthread> writers;
        for (int i = 0; i < writer_count; ++i) {
            writers.emplace_back([&, i] {
                try {
                    Writer writer(database_.url(), seeds[static_cast<std::size_t>(i)], i, slots);
                    while (Clock::now() < end) writer.transact();
                } catch (const std::exception& error) {
                    ADD_FAILURE() << error.what();
                }
                --writing;
            });
        }
        CrashingReader reader(database_.url(), seeds.back());
        bool at_end = false;
        while (!at_end) {
            const bool written = writing == 0;
            at_end = reader.live() && written;
        }
        check(reader.seen());
    }

    void check(const std::vector<LoggedEvent>& seen) {
        std::map<std::string, std::int64_t> numbers;
        std::int64_t wrong = 0;
        for (std::size_t i = 0; i < seen.size(); ++i) {
            ASSERT_EQ(seen[i].position, static_cast<std::int64_t>(i) + 1);
            ASSERT_EQ(seen[i].type, "n") << "a rolled back event was read";
            const std::string expected = "{\"n\": " + std::to_string(++numbers[seen[i].key]) + "}";
            if (seen[i].payload == expected) continue;
            if (++wrong <= 3) ADD_FAILURE() << seen[i] << ", expected " << expected;
            numbers[seen[i].key] = std::stoll(seen[i].payload.substr(6));
        }
        EXPECT_EQ(wrong, 0) << "of " << seen.size();
        for (const Row row : connection_.exec("select key, value from counter")) {
            EXPECT_EQ(numbers[std::string(row.text(0))], row.integer(1)) << row.text(0);
        }
        EXPECT_EQ(static_cast<std::int64_t>(seen.size()),
                  connection_.exec("select count(*) from event").only().integer(0));
        EXPECT_GT(seen.size(), 1000U);
        EXPECT_EQ(whole_log(connection_, 997), seen);
        EXPECT_EQ(whole_log(connection_, 10'000), seen);
    }

    testing::TestDatabase database_{testing::environment_template()};
    Connection connection_{database_.url(), testing::in_test_schema()};
};

TEST_F(LogTortureTest, NothingIsLostDoubledOrTurnedRound) { torture(5s); }

TEST_F(LogTortureTest, WindowsThatOpenSlowlyLoseNothing) {
    for (const std::string read :
         {"id_value   := event_id_value();", "xid        := pg_current_xact_id();",
          "seen       := pg_current_snapshot();", "id_ceiling := event_id_value();"}) {
        replace_in_function(connection_, "open_window", read,
                            read + "\n    perform pg_sleep(0.005);");
    }
    torture(4s);
}

// Between the two halves of "xid taken, then id drawn".
TEST_F(LogTortureTest, DispatchThatDrawsItsIdLateIsNotLost) {
    connection_.exec(
        "create function slow_xid() returns xid8 language plpgsql volatile as $$\n"
        "declare x xid8 := pg_current_xact_id();\n"
        "begin if random() < 0.2 then perform pg_sleep(random() * 0.006); end if; return x; end;\n"
        "$$;\n"
        "alter table event alter column xid set default slow_xid()");
    torture(4s);
}

}  // namespace
}  // namespace baton::sql
