#include "orchestrator/world.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <utility>

#include "baton/sql/failure.hpp"
#include "baton/sql/migrator.hpp"
#include "baton/sql/recorded_reader.hpp"
#include "support/eventually.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

constexpr auto business_tables =
    "create table if not exists account ("
    " name text primary key, sequence bigint not null default 0, total bigint not null default 0);"
    "insert into account (name) select 'account ' || n from generate_series(0, 19) as n"
    " on conflict do nothing";

// The view's rows against arrays of what they should be, as the number of rows that differ.
std::string difference_query(const ReducerInfo& info) {
    std::string arrays;
    std::string names;
    for (const ViewColumn& column : info.columns) {
        arrays += "$" + std::to_string(&column - info.columns.data() + 1) + "::" + column.sql_type +
                  "[], ";
        names += column.name + ", ";
    }
    const std::string expected = "select * from unnest(" + arrays + "$" +
                                 std::to_string(info.columns.size() + 1) + "::bigint[])";
    const std::string actual =
        "select " + names + "position from " + info.name + "__v" + std::to_string(info.version);
    return "select (select count(*) from (" + expected + " except all " + actual +
           ") as missing) + (select count(*) from (" + actual + " except all " + expected +
           ") as surplus)";
}

}  // namespace

World::World() : database_(environment_template()), url_(database_->url()) { prepare_business(); }

World::World(std::string url) : url_(std::move(url)) {
    sql::Connection connection(url_);
    sql::Migrator().install(connection, test_schema);
    sql::Connection inside(url_, in_test_schema());
    describe_as_development(inside);
    inside.exec("select add_event_partitions()");
    prepare_business();
}

void World::prepare_business() { ask(business_tables); }

std::unique_ptr<ChildProcess> World::start(const ProcessOptions& options) const {
    std::vector<std::string> arguments{BATON_ORCHESTRATOR_PROGRAM,
                                       options.url.empty() ? url_ : options.url, test_schema,
                                       options.node};
    arguments.insert(arguments.end(), options.options.begin(), options.options.end());
    std::map<std::string, std::string> environment = options.environment;
    environment.emplace("BATON_FAULT", options.fault);
    return std::make_unique<ChildProcess>(
        ChildProcessOptions{.arguments = arguments, .environment = environment});
}

std::string World::ask(const std::string& statements) {
    if (!connection_ || !connection_->is_open()) {
        connection_ = std::make_unique<sql::Connection>(url_, in_test_schema("test world"));
    }
    const sql::Result result = connection_->exec(statements);
    return result.empty() ? std::string() : std::string(result[0].text(0));
}

bool World::comes_true(const std::string& condition, milliseconds deadline) {
    return eventually(deadline, [&] {
        try {
            return ask("select (" + condition + ")::boolean") == "t";
        } catch (const Error& error) {
            if (!error.retryable()) throw;
            return false;
        }
    });
}

bool World::settles(milliseconds deadline) {
    return comes_true(
        "exists (select from view_state) and not exists (select from waiting_events(1))"
        " and not exists (select from view_state where state = 'behind')",
        deadline);
}

bool World::leads(const std::string& node, milliseconds deadline) {
    return comes_true("exists (select from leader where node = '" + node +
                          "' and lease_until > clock_timestamp())"
                          " and exists (select from view_state)",
                      deadline);
}

void World::expect_exact(const ReducerChoice& choice) {
    expect_log_sound();
    expect_cpp_views_exact(choice);
    if (ask("select to_regclass('sql_totals__v1') is not null") == "t") expect_sql_view_exact();
}

void World::expect_log_sound() {
    EXPECT_EQ(
        ask("select count(*) from (select first_position, lag(first_position + count, 1, 1::bigint)"
            " over (order by first_position) as expected from batch) as b"
            " where first_position <> expected"),
        "0")
        << "batches are not contiguous";
    EXPECT_EQ(
        ask("select count(*) from (select epoch, lag(epoch, 1, 0::bigint)"
            " over (order by first_position) as former from batch) as b where epoch < former"),
        "0")
        << "an epoch wrote after its successor";
    EXPECT_EQ(ask("select count(*) = max(epoch) and max(epoch) = (select epoch from leader)"
                  " from leadership"),
              "t")
        << "epochs have gaps";
    EXPECT_EQ(ask("select count(*) from (select id, position, row_number() over (order by position)"
                  " as expected from read_log(0, 2147483647)) as r"
                  " full join event e on e.id = r.id"
                  " where r.id is null or e.id is null or r.position <> r.expected"),
              "0")
        << "the log and the events are not the same";
    EXPECT_EQ(ask("select count(*) - count(distinct id) from read_log(0, 2147483647)"), "0");
}

void World::expect_cpp_views_exact(const ReducerChoice& choice) {
    const Registry registry = make_registry(choice);
    sql::Connection connection(url_, in_test_schema());
    sql::LogPage page;
    if (!sql::read_recorded(connection, Position{0}, 100'000'000, page)) return;
    for (std::size_t i = 0; i < registry.reducers().size(); ++i) {
        const ReducerInfo& info = registry.reducers()[i];
        if (ask("select state from view_state where view = '" + info.name + "'") != "following") {
            continue;
        }
        std::set<std::int64_t> skipped;
        for (const sql::Row row : connection.exec(
                 "select position from dead_event where state = 'skipped' and view = '" +
                 info.name + "'")) {
            skipped.insert(row.integer(0));
        }
        std::vector<Event> events;
        for (const Event& event : page.events) {
            if (!skipped.contains(static_cast<std::int64_t>(event.position))) {
                events.push_back(event);
            }
        }
        const std::unique_ptr<Fold> fold = registry.start_fold(i, {.complete = true});
        const DecodedBatch batch = registry.decode(events);
        const FoldResult result = fold->fold(batch);
        ASSERT_EQ(result.state, FoldState::done) << info.name << ": " << result.message;
        const Changes changes = fold->changes();
        std::vector<sql::Parameter> parameters(changes.columns.begin(), changes.columns.end());
        parameters.emplace_back(changes.positions);
        sql::Transaction transaction(connection);
        EXPECT_EQ(transaction.exec(difference_query(info), parameters).only().integer(0), 0)
            << info.name << " differs from the pure fold";
    }
}

void World::expect_sql_view_exact() {
    if (ask("select state from view_state where view = 'sql_totals'") != "following") return;
    const std::string expected =
        "select payload ->> 'account', count(*), sum((payload ->> 'amount')::bigint"
        " / coalesce((payload ->> 'divisor')::bigint, 1)), max(position)"
        " from read_log(0, 2147483647) where type = 'account/moved' and position not in"
        " (select position from dead_event where view = 'sql_totals' and state = 'skipped')"
        " group by 1";
    const std::string actual = "select account, events, total, position from sql_totals__v1";
    EXPECT_EQ(ask("select (select count(*) from (" + expected + " except all " + actual +
                  ") as missing) + (select count(*) from (" + actual + " except all " + expected +
                  ") as surplus)"),
              "0")
        << "sql_totals differs from the pure fold";
}

void World::expect_accounts_agree() {
    EXPECT_EQ(ask("select count(*) from account a full join account_totals t on t.account = a.name"
                  " where a.sequence > 0 and (a.sequence, a.sequence, a.total, 0::bigint)"
                  " is distinct from (t.events, t.sequence, t.total, t.jumps)"),
              "0")
        << "account_totals differs from what the writers did";
}

Writers::Writers(std::string url, int count, milliseconds pause)
    : url_(std::move(url)), pause_(pause) {
    for (int i = 0; i < count; ++i) {
        const std::uint64_t thread_seed = seed() + static_cast<std::uint64_t>(i);
        threads_.emplace_back(
            [this, thread_seed](const std::stop_token& token) { write(token, thread_seed); });
    }
}

void Writers::stop() { threads_.clear(); }

void Writers::write(const std::stop_token& token, std::uint64_t seed) const {
    std::mt19937_64 random(seed);
    const auto stopped = [&] { return token.stop_requested(); };
    while (!stopped()) {
        try {
            sql::Connection connection(url_, in_test_schema("test writer"));
            while (!sql::pause_unless(pause_, stopped)) {
                const std::string account = "account " + std::to_string(random() % 20);
                const auto amount = static_cast<std::int64_t>(random() % 1000) - 500;
                sql::Transaction transaction(connection);
                move_account(transaction, account, amount);
                if (random() % 10 != 0) transaction.commit();
            }
        } catch (const Error&) {
            // The server is not there, or ended the session; whether the last transaction
            // happened, the account table and the log say alike.
            sql::pause_unless(milliseconds(20), stopped);
        }
    }
}

void move_account(sql::Transaction& transaction, const std::string& account, std::int64_t amount) {
    const std::int64_t sequence =
        transaction
            .exec(
                "update account set sequence = sequence + 1, total = total + $2"
                " where name = $1 returning sequence",
                {account, amount})
            .only()
            .integer(0);
    transaction.exec(
        "select dispatch('account/moved', jsonb_build_object('account', $1::text,"
        " 'amount', $2::bigint, 'sequence', $3::bigint), $1)",
        {account, amount, sequence});
}

void dispatch_flood(World& world, int count, int accounts) {
    world.ask("with moved as (select n, 'account ' || n % " + std::to_string(accounts) +
              " as name, row_number() over (partition by n % " + std::to_string(accounts) +
              " order by n) as k from generate_series(1, " + std::to_string(count) +
              ") as n), updated as (update account a set sequence = a.sequence + m.k, total = "
              "a.total + m.k"
              " from (select name, max(k) as k from moved group by name) as m where m.name = a.name"
              " returning a.name, a.sequence - m.k as former)"
              " insert into event (type, key, payload) select 'account/moved', m.name,"
              " jsonb_build_object('account', m.name, 'amount', 1, 'sequence', u.former + m.k)"
              " from moved m join updated u using (name) order by m.n; select ring()");
}

}  // namespace baton::testing
