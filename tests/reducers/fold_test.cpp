// The fold against a view in memory: lazy loading, deleting, positions, poison.
#include "baton/reducers/fold.hpp"

#include <functional>
#include <new>
#include <stdexcept>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "baton/reducers/reducer.hpp"
#include "baton/reducers/registry.hpp"
#include "view_in_memory.hpp"

namespace baton {
namespace {

using testing::ViewInMemory;

// One step of a little language over named counters, which can do whatever a reducer can.
struct Step {
    static constexpr std::string_view event_type = "test/step";
    std::string verb, key, other;
    BATON_FIELDS(verb, key, other)
};

struct Counter {
    std::string name;
    std::int64_t count{};
    std::string trail;
    std::optional<std::string> note;
    BATON_FIELDS(count, name, trail, note)
    BATON_KEY(name)
};

struct Steps {
    using Row = Counter;
    static constexpr std::string_view name = "counter";
    static constexpr int version = 1;
    using Events = EventTypes<Step>;

    void reduce(const Step& step, Rows<Row>& rows, const Event& event) const {
        if (step.verb == "add") {
            Counter& row = rows.at(step.key);
            row.count += 1;
            row.trail += std::to_string(static_cast<std::int64_t>(event.position)) + " ";
        } else if (step.verb == "erase") {
            rows.erase(step.key);
        } else if (step.verb == "copy") {  // reads one row, to write another
            const Counter* const from = rows.find({step.key});
            if (from != nullptr) rows.at({step.other}).count += from->count;
        } else if (step.verb == "move") {  // which row it writes depends on what it read
            const std::int64_t count = rows.at({step.key}).count;
            rows.at({step.other + std::to_string(count)}).count += 1;
            rows.erase(step.key);
        } else if (step.verb == "demand") {
            if (rows.find({step.key}) == nullptr) throw std::runtime_error("no " + step.key);
        } else if (step.verb == "throw int") {
            throw 7;
        } else if (step.verb == "exhaust") {
            throw std::bad_alloc();
        } else if (step.verb == "spoil") {
            rows.at(step.key).trail = "\xFF";
        } else if (step.verb == "rename") {
            rows.at(step.key).name = "other";
        }
    }
};

// Events with payloads of their own.
struct Log {
    std::vector<NewEvent> contents;
    std::vector<Event> events;

    void add(std::string verb, std::string key = "", std::string other = "") {
        contents.push_back(make_event(Step{std::move(verb), std::move(key), std::move(other)}));
    }
    std::span<const Event> all() {
        events.clear();
        for (const NewEvent& content : contents) {
            Event& event = events.emplace_back();
            event.position = Position{static_cast<std::int64_t>(events.size())};
            event.type = content.type;
            event.payload = content.payload;
        }
        return events;
    }
};

class FoldTest : public ::testing::Test {
protected:
    FoldTest() {
        registry.add<Steps>();
        fold = registry.start_fold(0);
    }
    FoldResult run(std::size_t first, std::size_t count) {
        registry.decode(log.all(), batch);
        return view.run(*fold, batch, first, count);
    }
    FoldResult run() { return run(0, log.contents.size()); }
    // count, name, trail, note, position
    std::vector<testing::Cell> row(const std::string& key) { return view.rows.at({key}); }

    Registry registry;
    std::unique_ptr<Fold> fold;
    DecodedBatch batch;
    Log log;
    ViewInMemory view{[] {
        Registry one;
        one.add<Steps>();
        return one.reducers()[0];
    }()};
};

TEST_F(FoldTest, AllMissingRowsAreLoadedAtOnce) {
    log.add("add", "a");
    log.add("add", "b");
    log.add("add", "a");
    registry.decode(log.all(), batch);
    EXPECT_EQ(fold->fold(batch).state, FoldState::needs_rows);
    EXPECT_EQ(fold->missing_count(), 2U);
    EXPECT_EQ(fold->missing_keys(), (std::vector<std::string>{R"({"a","b"})"}));
    EXPECT_TRUE(fold->changes().empty());

    const std::vector<std::optional<std::string_view>> found = {"40", "a", "x", std::nullopt};
    fold->load(found);
    fold->loaded();
    EXPECT_EQ(fold->fold(batch).state, FoldState::done);
    const Changes changes = fold->changes();
    EXPECT_EQ(changes.upsert_count, 2U);
    EXPECT_EQ(changes.columns, (std::vector<std::string>{"{42,1}", R"({"a","b"})",
                                                         R"({"x1 3 ","2 "})", "{NULL,NULL}"}));
    EXPECT_EQ(changes.positions, "{3,2}");
    EXPECT_EQ(changes.deleted_keys, std::vector<std::string>{"{}"});
}

TEST_F(FoldTest, CommittedRowsAreNotLoadedAgain) {
    log.add("add", "a");
    log.add("add", "a");
    run(0, 1);
    run(1, 1);
    EXPECT_EQ(view.load_count, 1);
    EXPECT_EQ(row("a")[0], "2");
}

TEST_F(FoldTest, UncommittedChangesAreDiscardedByTheNextFold) {
    log.add("add", "a");
    run();
    registry.decode(log.all(), batch);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(fold->fold(batch).state, FoldState::done);
        EXPECT_EQ(fold->changes().columns[0], "{2}");
    }
}

TEST_F(FoldTest, WhatWasKeptComesOnceAsItIsNow) {
    for (const char* const key : {"a", "b", "a", "c"}) log.add("add", key);
    log.add("erase", "b");
    log.add("erase", "c");
    log.add("add", "d");
    run(0, 1);  // a is durable
    registry.decode(log.all(), batch);
    const auto fold_one = [&](std::size_t index) {
        while (fold->fold(batch, index, 1).state == FoldState::needs_rows) fold->loaded();
    };
    for (const std::size_t index : {1U, 2U, 3U, 4U, 5U}) {
        fold_one(index);
        fold->keep();
    }
    fold_one(6);
    EXPECT_EQ(fold->changed_count(), 4U);
    Changes changes = fold->changes();
    EXPECT_EQ(changes.columns[1], "{\"a\",\"d\"}");
    EXPECT_EQ(changes.columns[0], "{2,1}");
    EXPECT_EQ(changes.positions, "{3,7}");
    EXPECT_EQ(changes.delete_count, 0U) << "b and c came and went";

    fold->discard();
    EXPECT_EQ(fold->changes().positions, "{3}") << "the last fold was not kept";
    fold->commit();
    EXPECT_TRUE(fold->changes().empty());
    EXPECT_EQ(fold->changed_count(), 0U);
    EXPECT_EQ(fold->fold(batch, 2, 1).state, FoldState::done);
    changes = fold->changes();
    EXPECT_EQ(changes.columns[0], "{3}");
}

TEST_F(FoldTest, ADurableRowThatIsErasedAndMadeAgainWhileItIsKeptIsUpserted) {
    log.add("add", "a");
    log.add("erase", "a");
    log.add("add", "a");
    run(0, 1);
    registry.decode(log.all(), batch);
    EXPECT_EQ(fold->fold(batch, 1, 1).state, FoldState::done);
    fold->keep();
    EXPECT_EQ(fold->changes().deleted_keys, std::vector<std::string>{R"({"a"})"});
    EXPECT_EQ(fold->fold(batch, 2, 1).state, FoldState::done);
    EXPECT_EQ(fold->changes().delete_count, 0U);
    EXPECT_EQ(fold->changes().columns[0], "{1}");
    fold->discard();
    EXPECT_EQ(fold->changes().delete_count, 1U);
}

TEST_F(FoldTest, RollbackForgetsTheCache) {
    log.add("add", "a");
    run();
    fold->rollback();
    view.rows.clear();
    run();
    EXPECT_EQ(view.load_count, 2);
    EXPECT_EQ(row("a")[0], "1");
}

TEST_F(FoldTest, CacheIsEmptiedAboveItsBound) {
    fold = registry.start_fold(0, {.cached_rows_max = 2});
    for (const char* const key : {"a", "b", "c", "a"}) log.add("add", key);
    run(0, 2);
    run(0, 2);
    EXPECT_EQ(view.load_count, 1);
    run(2, 1);
    run(3, 1);
    EXPECT_EQ(view.load_count, 3);
    EXPECT_EQ(row("a")[0], "3");
}

TEST_F(FoldTest, RowsReachedThroughOtherRowsAreLoadedToAFixedPoint) {
    log.add("add", "a");
    log.add("add", "a");
    run();
    fold->rollback();
    view.load_count = 0;
    log.contents.clear();
    log.add("move", "a", "moved");
    run();
    EXPECT_EQ(view.load_count, 2);  // first a and the guess moved0, then moved2
    EXPECT_EQ(view.rows.size(), 1U);
    EXPECT_EQ(row("moved2")[0], "1");
}

TEST_F(FoldTest, ErasedRowIsDeletedAndCanBeCreatedAgain) {
    log.add("add", "a");
    log.add("erase", "a");
    log.add("add", "a");
    run(0, 1);
    registry.decode(log.all(), batch);
    EXPECT_EQ(fold->fold(batch, 1, 1).state, FoldState::done);
    EXPECT_EQ(fold->changes().delete_count, 1U);
    EXPECT_EQ(fold->changes().deleted_keys, std::vector<std::string>{R"({"a"})"});
    EXPECT_EQ(fold->changes().upsert_count, 0U);

    run(1, 2);
    EXPECT_EQ(row("a")[0], "1");
    EXPECT_EQ(row("a")[2], "3 ");
    EXPECT_EQ(row("a")[4], "3");
}

TEST_F(FoldTest, RowThatCameAndWentInOneBatchLeavesNoChange) {
    log.add("add", "a");
    log.add("erase", "a");
    log.add("erase", "b");
    EXPECT_EQ(run().state, FoldState::done);
    EXPECT_TRUE(fold->changes().empty());
    EXPECT_TRUE(view.rows.empty());
}

TEST_F(FoldTest, LookingAtARowDoesNotTouchIt) {
    log.add("add", "a");
    log.add("copy", "a", "b");
    run();
    EXPECT_EQ(row("a")[4], "1");
    EXPECT_EQ(row("b")[4], "2");
}

TEST_F(FoldTest, UnknownEventTypesLeaveEverythingUnchanged) {
    log.add("add", "a");
    log.contents[0].type = "test/unknown";
    log.contents[0].payload = "this is not JSON";
    EXPECT_EQ(run().state, FoldState::done);
    EXPECT_TRUE(view.rows.empty());
}

TEST_F(FoldTest, ThrowingEventPoisonsAndChangesNothing) {
    log.add("add", "a");
    log.add("demand", "z");
    log.add("add", "a");
    const FoldResult result = run();
    EXPECT_EQ(result.state, FoldState::poisoned);
    EXPECT_EQ(result.event_index, 1U);
    EXPECT_EQ(result.message, "no z");
    EXPECT_TRUE(fold->changes().empty());
    EXPECT_TRUE(view.rows.empty());

    EXPECT_EQ(run(0, 1).state, FoldState::done);
    EXPECT_EQ(run(2, 1).state, FoldState::done);
    EXPECT_EQ(row("a")[0], "2");
}

TEST_F(FoldTest, FailureOnARowThatWasOnlyMissingIsNoPoison) {
    log.add("add", "a");
    run();
    fold->rollback();
    log.contents.clear();
    log.add("demand", "a");
    EXPECT_EQ(run().state, FoldState::done);
}

TEST_F(FoldTest, WhateverIsThrownIsReported) {
    log.add("throw int");
    EXPECT_EQ(run().message, "the reducer threw something that is no std::exception");
    log.contents.clear();
    log.add("exhaust");
    EXPECT_THROW(run(), std::bad_alloc);
}

TEST_F(FoldTest, UndecodableEventPoisonsWithOneLine) {
    log.add("add", "a");
    log.add("add", "b");
    log.contents[1].payload = R"({"verb": 7})";
    const FoldResult result = run();
    EXPECT_EQ(result.state, FoldState::poisoned);
    EXPECT_EQ(result.event_index, 1U);
    EXPECT_EQ(result.message, "event test/step: field \"verb\": expected a string, found a number");
    EXPECT_EQ(run(0, 1).state, FoldState::done);
}

TEST_F(FoldTest, EventWithoutPayloadIsAnEmptyObject) {
    log.add("add", "a");
    log.contents[0].payload.clear();
    EXPECT_EQ(run().message, "event test/step: field \"verb\" is missing");
}

TEST_F(FoldTest, MsgpackBodiesAreDecoded) {
    log.add("add", "a");
    registry.decode(log.all(), batch);
    const NewEvent packed = make_msgpack_event(Step{"add", "a", ""}, {.key = "k"});
    EXPECT_EQ(packed.key, "k");
    Event event;
    event.type = packed.type;
    event.body = packed.body;
    event.content_type = packed.content_type;
    registry.decode({&event, 1}, batch);
    EXPECT_EQ(view.run(*fold, batch, 0, 1).state, FoldState::done);
    EXPECT_EQ(row("a")[0], "1");

    event.content_type = "application/protobuf";
    registry.decode({&event, 1}, batch);
    EXPECT_EQ(
        view.run(*fold, batch, 0, 1).message,
        "event test/step: the body can only be decoded if its content type is application/msgpack");
}

TEST_F(FoldTest, RowsThatCannotBeStoredPoisonTheirLastEvent) {
    log.add("add", "a");
    log.add("spoil", "a");
    log.add("add", "b");
    FoldResult result = run();
    EXPECT_EQ(result.state, FoldState::poisoned);
    EXPECT_EQ(result.event_index, 1U);
    EXPECT_EQ(result.message,
              "column \"trail\" of a row: a text that is not valid UTF-8 cannot be stored");

    log.contents.clear();
    log.add("rename", "a");
    result = run();
    EXPECT_EQ(result.state, FoldState::poisoned);
    EXPECT_EQ(result.message, "the reducer changed the key of a row; erase it and create another");
}

TEST_F(FoldTest, KeysThatCannotBeStoredPoisonAndAreNotAskedFor) {
    log.add("add", std::string(2'001, 'x'));
    EXPECT_EQ(run().message, "the key of a row is longer than 2000 bytes");
    log.contents.clear();
    log.add("add", std::string(2'000, 'x'));
    EXPECT_EQ(run().state, FoldState::done);
}

TEST_F(FoldTest, StrangeKeysAndTextsSurviveTheWay) {
    const std::vector<std::string> keys = {"",      "NULL", "\"",       "\\",
                                           "{a,b}", " ",    "\xC3\xA9", "a\nb"};
    for (const std::string& key : keys) log.add("add", key);
    run();
    fold->rollback();
    run();
    EXPECT_EQ(view.rows.size(), keys.size());
    for (const std::string& key : keys) EXPECT_EQ(row(key)[0], "2") << key;
}

TEST_F(FoldTest, LoadRefusesRowsThatDoNotFit) {
    log.add("add", "a");
    registry.decode(log.all(), batch);
    EXPECT_EQ(fold->fold(batch).state, FoldState::needs_rows);
    using RowText = std::vector<std::optional<std::string_view>>;
    EXPECT_THROW(fold->load(RowText{"1", "a"}), Error);
    EXPECT_THROW(fold->load(RowText{"x", "a", "", ""}), Error);
    EXPECT_THROW(fold->load(RowText{"1", std::nullopt, "", ""}), Error);
    EXPECT_THROW(fold->load(RowText{"1", "b", "", ""}), Error);
    fold->load(RowText{"1", "a", "", ""});
    EXPECT_THROW(fold->load(RowText{"1", "a", "", ""}), Error);
}

// Whatever the log is cut into, and whatever the cache holds: the same rows, the same positions.
RC_GTEST_PROP(FoldPropertyTest, RowsAndPositionsDoNotDependOnBatchCuts, ()) {
    Registry registry;
    registry.add<Steps>();
    Log log;
    const int count = *rc::gen::inRange(0, 40);
    for (int i = 0; i < count; ++i) {
        const auto key = rc::gen::element<std::string>("a", "b", "c", "d1");
        log.add(*rc::gen::element<std::string>("add", "erase", "copy", "move"), *key,
                *rc::gen::element<std::string>("a", "b", "c", "d"));
    }
    const DecodedBatch batch = registry.decode(log.all());

    ViewInMemory whole(registry.reducers()[0]);
    const auto whole_fold = registry.start_fold(0);
    RC_ASSERT(whole.run(*whole_fold, batch, 0, batch.size()).state == FoldState::done);

    ViewInMemory cut(registry.reducers()[0]);
    auto cut_fold =
        registry.start_fold(0, {.cached_rows_max = *rc::gen::inRange<std::size_t>(0, 4)});
    for (std::size_t at = 0; at < batch.size();) {
        const auto size = *rc::gen::inRange<std::size_t>(1, batch.size() - at + 1);
        if (*rc::gen::arbitrary<bool>()) cut_fold->rollback();
        RC_ASSERT(cut.run(*cut_fold, batch, at, size).state == FoldState::done);
        at += size;
    }
    RC_ASSERT(cut.rows == whole.rows);
}

}  // namespace
}  // namespace baton
