#include "baton/testing/test_environment.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "baton/base/error.hpp"
#include "baton/base/fault.hpp"
#include "baton/orchestrator/past_view.hpp"
#include "baton/sql/dispatch.hpp"
#include "baton/sql/enqueue.hpp"
#include "baton/sql/migrator.hpp"
#include "baton/sql/view_store.hpp"
#include "baton/testing/expectation.hpp"
#include "baton/testing/scenario.hpp"
#include "running_orchestrator.hpp"
#include "test_clock.hpp"

namespace baton::testing {
namespace {

constexpr const char* name_of_environment = "test";
const std::string schema_of_environment = "baton_test";  // NOLINT(cert-err58-cpp)
constexpr std::chrono::milliseconds leader_lease{5000};
constexpr std::chrono::milliseconds node_lease{30'000};

// The machine of the tests, which enrols itself.
MachineCredentials credentials() {
    return {.environment = name_of_environment,
            .machine_id = std::string(64, '7'),
            .token = "baton_test_" + std::string(64, '7'),
            .may_enrol = true};
}

sql::ConnectOptions inside_options() {
    return sql::session_options(schema_of_environment, "baton test");
}

void prepare_template(const std::string& url) {
    {
        sql::Connection connection(url);
        static_cast<void>(sql::Migrator().install(connection, schema_of_environment));
    }
    sql::Connection inside(url, inside_options());
    inside.exec(std::string("select describe_environment('") + name_of_environment +
                "', 'development')");
    inside.exec("select add_event_partitions()");
    install_test_clock(inside, schema_of_environment);
}

// Points that are passed by an orchestrator, and by a node.
constexpr std::array leader_points{"after_read", "before_checkpoint", "before_commit",
                                   "after_commit"};
constexpr std::array node_points{"task_claimed", "task_handled", "task_done"};

}  // namespace

struct TestEnvironment::Inside {
    Inside(TestParts of, DatabaseServer& server)
        : parts(std::move(of)),
          database(server, {"baton_testing", prepare_template}),
          url(database.url()),
          connection(url, inside_options()) {
        // It is a copy of the template, and at home from now on.
        connection.exec(std::string("select adopt_environment('") + name_of_environment +
                        "', 'development')");
    }

    [[nodiscard]] OrchestratorOptions orchestrator_options() const {
        OrchestratorOptions options;
        options.url = url;
        options.schema = schema_of_environment;
        options.node = "test";
        options.credentials = credentials();
        options.lease = leader_lease;
        options.poll = std::chrono::milliseconds(20);
        options.view_sets = parts.view_sets;
        for (const std::filesystem::path& file : parts.sql_reducers) {
            options.sql_reducers.push_back(sql::read_sql_reducer(file.string()));
        }
        return options;
    }
    [[nodiscard]] NodeOptions node_options() const {
        NodeOptions options;
        options.url = url;
        options.schema = schema_of_environment;
        options.name = "test";
        options.credentials = credentials();
        options.lease = node_lease;
        options.promote = parts.promote;
        options.bus.has_window = false;
        options.workflows = parts.workflows;
        options.now = [this] { return now(); };
        return options;
    }
    void begin() {
        if (orchestrator) return;
        orchestrator =
            std::make_unique<RunningOrchestrator>(orchestrator_options(), parts.registry, [this] {
                ++crashes;
                // On the orchestrator's thread.
                sql::Connection own(url, inside_options());
                advance(own, leader_lease + std::chrono::seconds(1));
            });
    }
    [[nodiscard]] std::size_t reducers() const {
        return parts.registry.reducers().size() + parts.sql_reducers.size();
    }
    [[nodiscard]] Timestamp now() const {
        return Timestamp::from_micros(machine_time().micros_since_epoch() + shift);
    }
    void advance(sql::Connection& with, std::chrono::microseconds time) {
        shift += time.count();
        shift_test_clock(with, shift);
    }
    // Whether everything is folded. Throws where it never will be.
    bool is_folded();
    std::vector<DrainedTask> round();
    // What is due becomes ready. The leader does the same from time to time, and one works at a
    // time.
    void maintain() {
        constexpr int tries = 2000;
        for (int i = 0; i < tries; ++i) {
            const sql::Result pass =
                connection.exec("select is_behind from maintain(at_once => true)");
            if (!pass.empty() && !pass[0].boolean(0)) return;
            if (pass.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        throw Error(ErrorCode::wait_timeout, "maintain() finds no end");
    }
    // A task whose node died is tried again after a pause: sets the clock to its end.
    void await(std::int64_t task) {
        sql::Transaction transaction(connection);
        const std::int64_t left =
            transaction
                .exec(
                    "select coalesce(ceil(extract(epoch from"
                    " (task_details($1::bigint) ->> 'due_at')::timestamptz - test_time())), 0)"
                    "::bigint",
                    {task})
                .only()
                .integer(0);
        transaction.commit();
        if (left > 0) advance(connection, std::chrono::seconds(left + 1));
    }

    TestParts parts;
    ScratchDatabase database;
    const std::string url;
    sql::Connection connection;
    std::atomic<std::int64_t> shift{0};  // of the clock, microseconds
    std::atomic<int> crashes{0};
    std::unique_ptr<Drain> drain;
    std::unique_ptr<RunningOrchestrator> orchestrator;  // null: nobody asked for it yet
};

bool TestEnvironment::Inside::is_folded() {
    orchestrator->require_running();
    sql::Transaction transaction(connection);
    const sql::Row row =
        transaction
            .exec(
                "select s -> 'leader' ->> 'node' is not null"
                " and (s -> 'log' ->> 'lag_events')::bigint = 0"
                " and jsonb_array_length(s -> 'views') >= $1::integer"
                " and not exists (select from jsonb_array_elements(s -> 'views') as v (view)"
                "                  where (v.view ->> 'lag_events')::bigint > 0"
                "                    and v.view ->> 'state' <> 'halted'),"
                " (select string_agg((v.view ->> 'view') || ': ' ||"
                "                    coalesce(v.view ->> 'reason', 'it is halted'), '; ')"
                "    from jsonb_array_elements(s -> 'views') as v (view)"
                "   where v.view ->> 'state' = 'halted')"
                " from status() as s",
                {static_cast<std::int64_t>(reducers())})
            .only();
    if (const auto halted = row.text_or_null(1)) {
        throw Error(ErrorCode::view_halted, std::string(*halted));
    }
    return row.boolean(0);
}

std::vector<DrainedTask> TestEnvironment::Inside::round() {
    try {
        if (!drain) drain = std::make_unique<Drain>(node_options(), parts.handlers);
        return drain->round();
    } catch (const FaultStruck&) {
        ++crashes;
        const std::vector<std::int64_t> orphans = drain->die();
        drain.reset();
        advance(connection, node_lease + std::chrono::seconds(1));
        maintain();
        for (const std::int64_t task : orphans) await(task);
        DrainedTask none;  // so that drain() goes on
        none.outcome = retry("its node died");
        return {none};
    }
}

TestEnvironment::TestEnvironment(TestParts parts, DatabaseServer& server)
    : inside_(std::make_unique<Inside>(std::move(parts), server)) {}

TestEnvironment::~TestEnvironment() { arm_fault(""); }

TestParts& TestEnvironment::parts() { return inside_->parts; }

void TestEnvironment::require_not_begun() const {
    if (!inside_->orchestrator && !inside_->drain) return;
    throw Error(ErrorCode::usage,
                "a TestEnvironment takes no further reducers and handlers once it has folded or "
                "drained; add them before");
}

TestEnvironment& TestEnvironment::add_sql_reducer(std::filesystem::path file) {
    require_not_begun();
    parts().sql_reducers.push_back(std::move(file));
    return *this;
}

const std::string& TestEnvironment::url() const { return inside_->url; }
const std::string& TestEnvironment::schema() { return schema_of_environment; }
sql::Connection& TestEnvironment::connection() { return inside_->connection; }

EventId TestEnvironment::dispatch(const NewEvent& event) {
    sql::Transaction transaction(connection());
    const EventId id = baton::dispatch(transaction.raw(), event);
    transaction.commit();
    return id;
}

TaskId TestEnvironment::enqueue(std::string_view handler, std::string_view payload,
                                const EnqueueOptions& options) {
    register_handlers();
    sql::Transaction transaction(connection());
    const TaskId id = baton::enqueue(transaction.raw(), handler, payload, options);
    transaction.commit();
    return id;
}

EventId TestEnvironment::dispatch_line(const std::string& json) {
    sql::Transaction transaction(connection());
    transaction.exec(
        "update test_clock set recorded_at = ($1::jsonb ->> 'dispatched_at')::timestamptz", {json});
    const std::int64_t id =
        transaction
            .exec(
                "select dispatch(type => e ->> 'type', payload => coalesce(e -> 'payload', '{}'),"
                " key => e ->> 'key', tenant => e ->> 'tenant',"
                " meta => nullif(e -> 'meta', 'null'),"
                " schema_version => coalesce((e ->> 'schema_version')::integer, 1))"
                " from cast($1 as jsonb) as e",
                {json})
            .only()
            .integer(0);
    transaction.exec("update test_clock set recorded_at = null");
    transaction.commit();
    return EventId{id};
}

std::int64_t TestEnvironment::dispatch_recorded(const std::filesystem::path& file) {
    std::ifstream input(file);
    std::int64_t number = 0;
    std::int64_t count = 0;
    for (std::string line; std::getline(input, line);) {
        ++number;
        if (line.empty()) continue;
        try {
            static_cast<void>(dispatch_line(line));
        } catch (const Error& error) {
            throw Error(ErrorCode::stream_failed, file.string() + ":" + std::to_string(number) +
                                                      ": this line is no event: " + error.what());
        }
        ++count;
    }
    if (!input.eof()) throw Error(ErrorCode::stream_failed, "cannot read " + file.string());
    return count;
}

void TestEnvironment::fold() {
    constexpr std::chrono::minutes patience{1};
    inside_->begin();
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::chrono::milliseconds pause{1};
    while (!inside_->is_folded()) {
        if (std::chrono::steady_clock::now() > deadline) {
            throw Error(ErrorCode::wait_timeout, "the views are not folded after a minute");
        }
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, std::chrono::milliseconds(50));
    }
}

void TestEnvironment::register_handlers() {
    if (inside_->drain || inside_->parts.handlers.infos().empty()) return;
    inside_->drain = std::make_unique<Drain>(inside_->node_options(), inside_->parts.handlers);
}

std::vector<DrainedTask> TestEnvironment::drain(std::size_t tasks_max) {
    std::vector<DrainedTask> drained;
    register_handlers();  // before the fold: events become tasks of what is known
    while (true) {
        fold();
        inside_->maintain();
        if (inside_->parts.handlers.infos().empty()) return drained;
        const std::vector<DrainedTask> round = inside_->round();
        if (round.empty()) return drained;
        std::ranges::copy_if(round, std::back_inserter(drained),
                             [](const DrainedTask& task) { return task.id != 0; });
        if (drained.size() > tasks_max) {
            throw ExpectationFailed("drain() has done " + std::to_string(drained.size()) +
                                    " tasks and there are more: the last one was of " +
                                    drained.back().handler);
        }
    }
}

void TestEnvironment::expect_views_rebuild() {
    fold();
    const auto rows_of = [](sql::Connection& in, const std::string& from,
                            const std::string& columns) {
        sql::Transaction transaction(in);
        std::vector<std::string> rows;
        for (const sql::Row& row : transaction.exec(
                 "select (select jsonb_object_agg(c ->> 'name', to_jsonb(v) -> (c ->> 'name'))"
                 "          from jsonb_array_elements($1::jsonb) as c)::text from " +
                     from + " as v order by 1",
                 {columns})) {
            rows.emplace_back(row.text(0));
        }
        return rows;
    };
    sql::Transaction reading(connection());
    const sql::Result views = reading.exec(
        "select v.view ->> 'view', (v.view ->> 'version')::integer, q.query, q.columns,"
        " (s -> 'log' ->> 'position')::bigint from status() as s"
        " cross join lateral jsonb_array_elements(s -> 'views') as v (view)"
        " cross join lateral view_query(v.view ->> 'view') as q");
    reading.commit();
    const OrchestratorOptions options = inside_->orchestrator_options();
    for (const sql::Row& view : views) {
        const std::string name(view.text(0));
        const Position end{view.integer(4)};
        sql::Connection past = past_session(url(), schema());
        PastView again(past, {options, parts().registry}, {name, static_cast<int>(view.integer(1))},
                       end, PastView::Source::carried);
        again.go_to(end);
        const std::string columns(view.text(3));
        require_pure(name, rows_of(connection(), "(" + std::string(view.text(2)) + ")", columns),
                     rows_of(past, again.table(), columns));
    }
}

void TestEnvironment::crash_at(std::string_view point) {
    if (std::ranges::find(leader_points, point) == leader_points.end() &&
        std::ranges::find(node_points, point) == node_points.end()) {
        std::string known;
        for (const char* const one : leader_points) known.append(one).append(", ");
        for (const char* const one : node_points) known.append(one).append(", ");
        throw Error(ErrorCode::usage, "nobody passes the point " + std::string(point) +
                                          "; points are " + known.substr(0, known.size() - 2));
    }
    arm_fault(point);
}

int TestEnvironment::crashes() const { return inside_->crashes; }

Timestamp TestEnvironment::now() const { return inside_->now(); }

void TestEnvironment::set_time(Timestamp time) {
    advance(std::chrono::microseconds(time.micros_since_epoch() - now().micros_since_epoch()));
}

void TestEnvironment::advance(std::chrono::microseconds time) {
    inside_->drain.reset();  // it leaves in time; else it would be taken for dead
    inside_->advance(connection(), time);
}

}  // namespace baton::testing
