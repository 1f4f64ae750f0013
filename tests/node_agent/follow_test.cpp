// Followers of a node: each event in the log's order, from one read for all of them, and exactly
// once where they write in the transaction that they are given.

#include <algorithm>

#include <pqxx/dbtransaction>

#include "baton/local_bus/bus.hpp"
#include "baton/node_agent/global_event.hpp"
#include "node_agent/running_agent.hpp"
#include "sql/log_follower.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
using sql::LogFollower;

struct PlacedV1 {
    static constexpr std::string_view event_type = "order/placed";
    std::int64_t number = 0;
    BATON_FIELDS(number)
};
struct Placed {
    static constexpr std::string_view event_type = "order/placed";
    static constexpr int schema_version = 2;
    using Former = PlacedV1;
    static Placed upcast(const PlacedV1& former) { return {former.number, "EUR"}; }
    std::int64_t number = 0;
    std::string currency;
    BATON_FIELDS(number, currency)
};
struct Paid {
    static constexpr std::string_view event_type = "order/paid";
    std::int64_t number = 0;
    BATON_FIELDS(number)
};

/// What followers noted, for the test to look at.
class Notes {
public:
    void add(std::string note) {
        const std::lock_guard lock(mutex_);
        notes_.push_back(std::move(note));
    }
    [[nodiscard]] std::vector<std::string> all() const {
        const std::lock_guard lock(mutex_);
        return notes_;
    }
    [[nodiscard]] bool has(std::size_t count) const {
        return eventually(20s, [&] { return all().size() >= count; });
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> notes_;
};

struct Cache {
    using Events = EventTypes<Placed, Paid>;
    static constexpr std::string_view name = "cache";
    static constexpr std::int64_t from = 1;

    Notes* notes;
    void follow(const Placed& placed) const {
        notes->add(std::to_string(placed.number) + placed.currency);
    }
    void follow(const Paid& paid, FollowContext& at) const {
        notes->add(std::to_string(paid.number) + "@" +
                   std::to_string(static_cast<std::int64_t>(at.position())) +
                   std::string(at.of().key.value_or("")));
    }
};

struct Durable {
    using Event = Placed;
    static constexpr std::string_view name = "durable";
    static constexpr std::string_view bookmark = "durable";
    static constexpr std::int64_t from = 1;

    std::function<void(const Placed&, FollowContext&)> does = [](const Placed& placed,
                                                                 FollowContext& at) {
        at.tx().exec_params("insert into job_done (number) values ($1)", placed.number);
    };
    void follow(const Placed& placed, FollowContext& at) { does(placed, at); }
};

struct Raw {
    using Event = RawPayload;
    static constexpr std::string_view name = "raw";
    static constexpr std::array<std::string_view, 1> types{"order/paid"};

    Notes* notes;
    void follow(const RawPayload& payload) const { notes->add(std::string(payload.json)); }
};

class FollowersTest : public NodeAgentFixture {
protected:
    NodeOptions following(const std::string& name = "node") const {
        NodeOptions made = options(name);
        made.lease = 1500ms;
        return made;
    }
    // Numbers from `first` to `last`, recorded as one batch; each tenth one is paid.
    void place(int first, int last) {
        connection_.exec(
            "select dispatch('order/placed', jsonb_build_object('number', i)),"
            " case when i % 10 = 0 then dispatch('order/paid', jsonb_build_object('number', i),"
            "  key => 'k') end"
            " from generate_series(" +
            std::to_string(first) + ", " + std::to_string(last) + ") i");
        leader_.drain();
    }
    [[nodiscard]] bool has_written(int count) {
        return eventually(20s,
                          [&] { return number("select count(*) from public.job_done") >= count; });
    }
    static Followers only(Durable follower) {
        Followers made;
        made.add(std::move(follower));
        return made;
    }

    LogFollower leader_{url_};
};

TEST_F(FollowersTest, EachGetsItsEventsInOrderFromOneReadForAll) {
    connection_.exec("create sequence public.reads");
    sql::replace_in_function(connection_, "read_log", "expected  bigint;",
                             "expected  bigint := nextval('public.reads');");
    Notes cached;
    Notes raw;
    Followers followers;
    followers.add(Cache{&cached});
    followers.add(Durable{});
    followers.add(Raw{&raw});
    RunningAgent agent(following(), {}, followers);
    place(1, 1);
    ASSERT_TRUE(cached.has(1));
    ASSERT_TRUE(has_written(1));
    const std::int64_t before = number("select nextval('public.reads')");
    place(2, 200);
    ASSERT_TRUE(cached.has(220));
    ASSERT_TRUE(has_written(200));
    ASSERT_TRUE(raw.has(20));
    agent.stop();
    EXPECT_LE(number("select nextval('public.reads')") - before - 1, 2)
        << "of all three, with a look that found no more";

    const std::vector<std::string> notes = cached.all();
    EXPECT_EQ(notes[0], "1EUR");
    EXPECT_EQ(notes[9], "10EUR");
    EXPECT_EQ(notes[10], "10@11k");
    EXPECT_EQ(notes.size(), 220U);
    EXPECT_EQ(text("select string_agg(number::text, ' ') from public.job_done"),
              text("select string_agg(i::text, ' ') from generate_series(1, 200) i"));
    EXPECT_EQ(raw.all().front(), R"({"number": 10})");
    EXPECT_EQ(number("select position from bookmarks('durable')"), 220);
}

TEST_F(FollowersTest, OneThatThrowsGetsTheEventAgainAndStopsNoOther) {
    Notes cached;
    std::atomic<int> failures = 3;
    Followers followers = only({.does = [&](const Placed& placed, FollowContext& at) {
        at.tx().exec_params("insert into job_done (number) values ($1)", placed.number);
        if (placed.number == 5 && failures-- > 0) throw std::runtime_error("no five today");
    }});
    followers.add(Cache{&cached});
    place(1, 10);
    RunningAgent agent(following(), {}, followers);
    EXPECT_TRUE(cached.has(11)) << "it does not wait for the other one";
    EXPECT_TRUE(has_written(10));
    EXPECT_TRUE(
        eventually(20s, [&] { return number("select position from bookmarks('durable')") == 11; }));
    expect_each_once(10);
    EXPECT_EQ(text("select string_agg(number::text, ' ') from public.job_done"),
              "1 2 3 4 5 6 7 8 9 10");
}

TEST_F(FollowersTest, WhoIsDeposedInTheMiddleWritesNothing) {
    Gate gate;
    place(1, 3);
    RunningAgent agent(
        following("first"), {}, only({.does = [&](const Placed& placed, FollowContext& at) {
            at.tx().exec_params("insert into job_done (number) values ($1)", placed.number);
            if (placed.number == 2) gate.pass();
        }}));
    ASSERT_TRUE(eventually(20s, [&] { return gate.came() == 1; }));
    connection_.exec("select move_bookmark('durable', 1)");
    gate.open();
    EXPECT_TRUE(has_written(2)) << "it asks for it again, and goes on where it is now";
    EXPECT_TRUE(
        eventually(20s, [&] { return number("select position from bookmarks('durable')") == 3; }));
    EXPECT_EQ(text("select string_agg(number::text, ' ') from public.job_done"), "2 3");
}

TEST_F(FollowersTest, AnotherOneStandsByAndTakesOverWhereTheFirstWas) {
    Notes by;
    const auto writing = [&](const std::string& name) {
        return only({.does = [&by, name](const Placed& placed, FollowContext& at) {
            at.tx().exec_params("insert into job_done (number) values ($1)", placed.number);
            by.add(name);
        }});
    };
    auto first = std::make_unique<RunningAgent>(following("first"), Handlers(), writing("first"));
    place(1, 5);
    ASSERT_TRUE(has_written(5));
    RunningAgent second(following("second"), {}, writing("second"));
    ASSERT_TRUE(eventually(20s, [&] { return second.is_registered(); }));
    place(6, 9);
    ASSERT_TRUE(has_written(9));
    EXPECT_EQ(by.all().back(), "first");
    first.reset();
    place(10, 12);
    ASSERT_TRUE(has_written(12));
    EXPECT_EQ(by.all().back(), "second");
    expect_each_once(12);
}

TEST_F(FollowersTest, LostSessionsLoseNoEvent) {
    Notes cached;
    Followers followers = only({});
    followers.add(Cache{&cached});
    RunningAgent agent(following(), {}, followers);
    for (int round = 0; round < 5; ++round) {
        place(10 * round + 1, 10 * round + 10);
        ASSERT_TRUE(has_written(10 * round + 3));
        connection_.exec(
            "select pg_terminate_backend(pid) from pg_stat_activity where "
            "application_name like 'baton node%' or application_name = "
            "'baton handler'");
    }
    connection_.exec("update node set ended_at = now()");  // and one lease
    place(51, 60);
    ASSERT_TRUE(has_written(60));
    expect_each_once(60);
    ASSERT_TRUE(cached.has(66));
    EXPECT_EQ(cached.all().size(), 66U);
}

TEST_F(FollowersTest, ACutBookmarkIsToldAndGoesOnOnceItIsMoved) {
    place(1, 3);
    connection_.exec(
        "insert into bookmark (name, position, cut_at, cut_reason) values ('durable', "
        "0, now(), 'it was old')");
    RunningAgent agent(following(), {}, only({}));
    ASSERT_TRUE(eventually(20s, [&] { return agent.is_registered(); }));
    EXPECT_EQ(number("select move_bookmark('durable', 2)"), 0);
    ASSERT_TRUE(has_written(1));
    EXPECT_EQ(text("select number::text from public.job_done"), "3");
}

TEST_F(FollowersTest, AnIdleFollowerCostsNoMoreThanTheNodeItIsIn) {
    RunningAgent agent(following(), {}, only({}));
    place(1, 1);
    ASSERT_TRUE(has_written(1));
    EXPECT_EQ(number("select count(*) from follower"), 1);
    agent.stop();
    connection_.exec("select maintain(at_once => true)");
    EXPECT_EQ(number("select count(*) from follower"), 0);
}

TEST_F(FollowersTest, WhatCannotBeIsRefusedAtOnce) {
    Followers followers = only({});
    EXPECT_THROW(followers.add(Durable{}), Error);
    EXPECT_THROW(followers.add({.name = ""}, {}), Error);
    EXPECT_THROW(followers.add({.name = "other", .bookmark = "durable"}, {}), Error);
    EXPECT_THROW(NodeAgent(options(), {}), Error);
    NodeOptions starred = options();
    starred.bus.global = {"order/*"};
    EXPECT_THROW(NodeAgent(starred, Handlers(), followers), Error);
}

}  // namespace
}  // namespace baton::testing
