// Two releases of the example, run beside each other under load: readers see one version of all
// views at one position, always, whatever is built, promoted and rolled back meanwhile.
//
// A reader keeps a digest of each view's rows, with the position and what it took for the version.
// Afterwards the log is folded once more, event by event, by another implementation than the
// reducers', and each digest is compared with that of its position.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "baton/sql/connection.hpp"
#include "baton/sql/failure.hpp"
#include "baton/types/decimal.hpp"
#include "support/child_process.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* first_release = BATON_BINARY_DIR "/examples/superstore/superstore";
constexpr const char* next_release = BATON_BINARY_DIR "/examples/superstore/superstore_next";
constexpr const char* all_orders = BATON_SOURCE_DIR "/examples/superstore/data/superstore.csv";
constexpr auto patience = 60s;

// BATON_ROLLOUT_SECONDS says how long, for script/soak.
std::chrono::seconds load_time() {
    const char* const said = std::getenv("BATON_ROLLOUT_SECONDS");  // NOLINT(concurrency-mt-unsafe)
    return std::chrono::seconds(said != nullptr ? std::atoi(said) : 24);
}

// The sum of the rows' hashes: the order of the rows does not matter, and one row's part of it can
// be taken out again.
using Digest = std::uint64_t;
Digest digest_of(const std::string& row) { return std::hash<std::string>{}(row); }

struct Digests {
    Digest months = 0, customers = 0, categories = 0;
    friend bool operator==(const Digests&, const Digests&) = default;
};

struct Sample {
    std::int64_t position = 0;
    bool is_next = false;
    Digests digests;
};

// A number as text that does not depend on its scale, as trim_scale() does it.
std::string trimmed(const Decimal& value) {
    std::string text = value.text();
    if (text.find('.') == std::string::npos) return text;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text == "-0" ? "0" : text;
}

// One row of any of the views, first release and next.
struct Figures {
    std::int64_t orders = 0, lines = 0, quantity = 0;
    Decimal sales, profit, discounts;
    std::string about, first, last;

    [[nodiscard]] std::string money(bool is_next) const {
        const Decimal off = is_next ? discounts : Decimal(0);
        return "|" + trimmed(sales - off) + "|" + trimmed(profit - off) +
               (is_next ? "|" + trimmed(discounts) : "");
    }
};

// The pure fold of the log, kept by hand, and the digests at each position.
class PureFold {
public:
    explicit PureFold(sql::Connection& connection) {
        const sql::Result rows = connection.exec(
            "select e.position, e.payload ->> 'ordered_on', e.payload ->> 'region',"
            " e.payload -> 'customer' ->> 'id', (e.payload -> 'customer' ->> 'name') || '|' ||"
            " (e.payload -> 'customer' ->> 'segment'), l.category || '|' || l.sub_category,"
            " l.quantity, l.sales, l.profit, l.sales * l.discount"
            " from read_log(0, 2147483647) as e cross join jsonb_to_recordset(e.payload -> 'lines')"
            " as l (category text, sub_category text, quantity bigint, sales numeric,"
            " discount numeric, profit numeric) where e.type = 'order/placed' order by e.position");
        for (const sql::Row row : rows) take(row);
        note(position_);
    }

    [[nodiscard]] const Digests& at(std::int64_t position, bool is_next) const {
        return (is_next ? next_ : first_).at(static_cast<std::size_t>(position));
    }

private:
    using View = std::map<std::string, Figures>;

    void take(const sql::Row& row) {
        const std::int64_t position = row.integer(0);
        const bool is_new = position != position_;
        if (is_new) note(position_);
        position_ = position;
        const std::string date(row.text(1));
        Figures line;
        line.quantity = row.integer(6);
        line.sales = Decimal::parse(row.text(7));
        line.profit = Decimal::parse(row.text(8));
        line.discounts = Decimal::parse(row.text(9));
        const std::string month = date.substr(0, 7) + "|" + std::string(row.text(2));
        add(months_, month, line, is_new, [](const std::string& key, const Figures& f, bool next) {
            return key + "|" + std::to_string(f.orders) + "|" + std::to_string(f.lines) + "|" +
                   std::to_string(f.quantity) + f.money(next);
        });
        line.about = row.text(4);
        line.first = line.last = date;
        add(customers_, std::string(row.text(3)), line, is_new,
            [](const std::string& key, const Figures& f, bool) {
                return key + "|" + f.about + "|" + std::to_string(f.orders) + "|" +
                       std::to_string(f.lines) + f.money(false) + "|" + f.first + "|" + f.last;
            });
        add(categories_, std::string(row.text(5)), line, is_new,
            [](const std::string& key, const Figures& f, bool next) {
                return key + "|" + std::to_string(f.lines) + "|" + std::to_string(f.quantity) +
                       f.money(next);
            });
    }

    struct Kept {
        View rows;
        Digest first = 0, next = 0;
    };

    template <class Text>
    void add(Kept& view, const std::string& key, const Figures& line, bool is_new, Text&& text) {
        Figures& row = view.rows[key];
        if (row.lines > 0) {
            view.first -= digest_of(text(key, row, false));
            view.next -= digest_of(text(key, row, true));
        }
        row.orders += is_new ? 1 : 0;
        row.first = row.lines == 0 ? line.first : std::min(row.first, line.first);
        row.last = std::max(row.last, line.last);
        row.lines += 1;
        row.quantity += line.quantity;
        row.sales += line.sales;
        row.profit += line.profit;
        row.discounts += line.discounts;
        row.about = line.about;
        view.first += digest_of(text(key, row, false));
        view.next += digest_of(text(key, row, true));
    }

    // What readers see from the last noted position on, up to this one.
    void note(std::int64_t position) {
        while (first_.size() <= static_cast<std::size_t>(position)) {
            first_.push_back({months_.first, customers_.first, categories_.first});
            next_.push_back({months_.next, customers_.next, categories_.next});
        }
    }

    Kept months_, customers_, categories_;
    std::int64_t position_ = 0;
    std::vector<Digests> first_, next_;  // by position
};

Digest digest_of(const sql::Result& rows) {
    Digest sum = 0;
    for (const sql::Row row : rows) sum += digest_of(std::string(row.text(0)));
    return sum;
}

// Reads all three views in one transaction, as fast as it can.
class Reader {
public:
    explicit Reader(const std::string& url)
        : connection_(url, in_test_schema("reader")),
          thread_([this](const std::stop_token& token) { run(token); }) {}

    std::vector<Sample> samples;
    std::string failure;
    Clock::duration longest{};
    void join() {
        thread_.request_stop();
        thread_.join();
    }

private:
    void run(const std::stop_token& token) {
        connection_.adopt();
        try {
            while (!token.stop_requested()) {
                const Clock::time_point started = Clock::now();
                samples.push_back(read());
                longest = std::max(longest, Clock::now() - started);
            }
        } catch (const std::exception& error) {
            failure = error.what();
        }
        connection_.release();
    }

    Sample read() {
        // An order's rows are in the views of the first release without the column.
        constexpr const char* months =
            "select concat_ws('|', month, region, orders, lines, quantity, trim_scale(sales),"
            " trim_scale(profit), trim_scale((to_jsonb(m) ->> 'discounts')::numeric)),"
            " to_jsonb(m) ->> 'discounts' is not null from monthly_sales m";
        constexpr const char* customers =
            "select concat_ws('|', customer_id, name, segment, orders, lines, trim_scale(sales),"
            " trim_scale(profit), first_order, last_order) from customer_totals";
        constexpr const char* categories =
            "select concat_ws('|', category, sub_category, lines, quantity, trim_scale(sales),"
            " trim_scale(profit), trim_scale((to_jsonb(c) ->> 'discounts')::numeric))"
            " from category_sales c";
        sql::Transaction transaction(connection_, sql::Isolation::repeatable_read);
        Sample sample;
        const sql::Result of_months = transaction.exec(months);
        sample.is_next = !of_months.empty() && of_months[0].boolean(1);
        sample.digests.months = digest_of(of_months);
        sample.digests.customers = digest_of(transaction.exec(customers));
        sample.digests.categories = digest_of(transaction.exec(categories));
        sample.position = transaction
                              .exec(
                                  "select coalesce(max(first_position + count - 1), 0)::bigint"
                                  " from batch")
                              .only()
                              .integer(0);
        return sample;
    }

    sql::Connection connection_;
    std::jthread thread_;
};

class RolloutTest : public ::testing::Test {
protected:
    std::unique_ptr<ChildProcess> start(const char* release, const std::string& verb,
                                        std::vector<std::string> arguments = {}) {
        std::vector<std::string> all{release, verb,   "--url",  database_.url(),
                                     "--env", "test", "--kind", "development"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return std::make_unique<ChildProcess>(ChildProcessOptions{.arguments = std::move(all)});
    }
    std::string ask(const std::string& query) {
        const sql::Result result = connection_.exec(query);
        return result.empty() ? "" : std::string(result[0].text(0));
    }
    [[nodiscard]] bool comes_true(const std::string& condition) {
        return eventually(patience, [&] { return ask("select " + condition) == "t"; });
    }
    void switch_to(int version, const std::string& how) {
        ask("select " + how);
        EXPECT_TRUE(
            comes_true("exists (select from set_version where view_set = 'sales'"
                       " and state = 'live' and version = " +
                       std::to_string(version) + ")"))
            << how << ": " << ask("select versions()");
    }
    // Dispatches orders that were placed before again and again; a tenth is rolled back.
    std::jthread load(int number) {
        return std::jthread([this, number](const std::stop_token& token) {
            std::mt19937_64 random(seed() + static_cast<std::uint64_t>(number));
            sql::Connection connection(database_.url(), in_test_schema("load"));
            while (!token.stop_requested()) {
                sql::Transaction transaction(connection);
                transaction.exec("select dispatch(type, payload, key) from event where id = $1",
                                 {static_cast<std::int64_t>(1 + random() % 5000)});
                if (random() % 10 != 0) transaction.commit();
                static_cast<void>(sql::pause_unless(5ms, [&] { return token.stop_requested(); }));
            }
        });
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
};

TEST_F(RolloutTest, EveryReaderSeesOneVersionAtOnePositionThroughPromotionsAndARollback) {
    const auto first = start(first_release, "orchestrate", {"--auto-promote", "false"});
    const auto placing = start(first_release, "place",
                               {"--seed", std::to_string(seed()), "--wait", "60", all_orders});
    ASSERT_TRUE(placing->wait(patience)) << placing->error_output();

    const Clock::time_point started = Clock::now();
    std::vector<std::jthread> writers;
    for (int i = 0; i < 2; ++i) writers.push_back(load(i));
    std::vector<std::unique_ptr<Reader>> readers;
    for (int i = 0; i < 8; ++i) readers.push_back(std::make_unique<Reader>(database_.url()));

    const std::string build_of_shared =
        "select build from reducer_version where name = 'customer_totals'";
    const std::string build = ask(build_of_shared);
    const auto next = start(next_release, "orchestrate", {"--auto-promote", "false"});
    ASSERT_TRUE(
        comes_true("(select count(*) = 2 and bool_and(state = 'ready' and is_kept(b))"
                   " from view_build b)"))
        << next->error_output();
    EXPECT_EQ(ask(build_of_shared), build) << "its file is the same in both releases";
    const auto pause_until = [&](double share) {
        std::this_thread::sleep_until(started +
                                      std::chrono::duration_cast<Clock::duration>(
                                          std::chrono::duration<double>(load_time()) * share));
    };
    pause_until(0.25);
    switch_to(2, "promote(array['sales'], array[2], true)");
    pause_until(0.5);
    switch_to(1, "roll_back(array['sales'], true)");
    pause_until(0.75);
    switch_to(2, "promote(array['sales'], array[2], true)");
    pause_until(1.0);

    for (const auto& reader : readers) reader->join();
    writers.clear();
    ASSERT_TRUE(comes_true("not exists (select from waiting_events(1))"));
    const PureFold fold(connection_);
    std::size_t of_first = 0, of_next = 0, wrong = 0;
    for (const auto& reader : readers) {
        EXPECT_EQ(reader->failure, "");
        // That none hangs; how long a switch makes them wait is for script/bench to say.
        EXPECT_LT(reader->longest, 60s);
        for (const Sample& sample : reader->samples) {
            (sample.is_next ? of_next : of_first) += 1;
            const Digests& expected = fold.at(sample.position, sample.is_next);
            if (expected == sample.digests || ++wrong > 3) continue;
            ADD_FAILURE() << "at position " << sample.position << " version "
                          << (sample.is_next ? 2 : 1) << ": months "
                          << (expected.months == sample.digests.months) << " customers "
                          << (expected.customers == sample.digests.customers) << " categories "
                          << (expected.categories == sample.digests.categories);
        }
    }
    EXPECT_EQ(wrong, 0U);
    EXPECT_GT(of_first, 100U);
    EXPECT_GT(of_next, 100U);
    std::cout << of_first << " reads of version 1 and " << of_next << " of version 2, at "
              << ask("select max(first_position + count - 1) from batch") << " positions\n";
}

}  // namespace
}  // namespace baton::testing
