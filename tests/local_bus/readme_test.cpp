// The code of local_bus/README.md stands in here; and the library is linked as the README says.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "baton/local_bus/bus.hpp"
#include "end_to_end/document.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

struct RegionDone {
    static constexpr std::string_view topic = "region/done";
    std::string region;
    baton::Decimal sales;
    BATON_FIELDS(region, sales)
};

struct Region {
    std::string name;
    std::vector<baton::Decimal> sales;
    BATON_FIELDS(name, sales)
};

struct Job {
    std::vector<Region> regions;
};

struct GetTotal {
    static constexpr std::string_view topic = "region/total";
    using Reply = RegionDone;
    std::string region;
    BATON_FIELDS(region)
};

baton::Decimal sum_of(const Region& region) {
    baton::Decimal sum;
    for (const baton::Decimal& sales : region.sales) sum += sales;
    return sum;
}

std::string gather(const Job& job) {
    baton::Bus bus;
    baton::Decimal total;
    // clang-format off
    auto pool = bus.fan_out<Region>({.threads = 4, .depth = 256}, [&](const Region& region) {
        return RegionDone{region.name, sum_of(region)};  // or publishes, and returns nothing
    });
    for (const Region& region : job.regions) pool.push(region);  // waits at the mark
    while (auto done = pool.next()) {  // as they come; .in_order = true: as they were pushed
        if (!done->value) return "region " + std::to_string(done->item) + ": " + done->failure;
        total += done->value->sales;
    }
    auto server = bus.answer<GetTotal>({.depth = 64}, [&](const GetTotal& question) {
        return RegionDone{question.region, total};
    });
    if (auto answer = bus.ask(GetTotal{"north"}, {.deadline = 100ms})) total = answer.value->sales;
    // clang-format on
    return total.text();
}

[[maybe_unused]] std::string gather_with_processes(const Job& job) {
    baton::Bus bus;
    // clang-format off
    auto pool = bus.fan_out<Region>(
        {.threads = 4, .processes = {{"python3", "region.py"}}, .folder = "examples/bus_child"},
        [&](const Region& region) { return RegionDone{region.name, sum_of(region)}; });
    // clang-format on
    for (const Region& region : job.regions) pool.push(region);
    std::string regions;
    while (auto done = pool.next()) regions += done->value ? done->value->region : done->failure;
    return regions;
}

std::string sum(const std::vector<RegionDone>& regions) {
    // clang-format off
    baton::Bus bus;
    baton::Decimal total;
    auto done = bus.subscribe<RegionDone>(  // in force when it returns: no slow joiner
        {.depth = 256, .when_full = baton::Block{50ms}},
        [&](const RegionDone& region) { total += region.sales; });
    for (const RegionDone& region : regions) bus.publish(region);
    if (!done.wait_for(1s) || done.lost() > 0) return "results are missing";
    // clang-format on
    done.end();
    return total.text();
}

TEST(LocalBusReadmeTest, ItsExamplesAreCompiled) {
    EXPECT_EQ(sum({{"north", Decimal::parse("1.5")}, {"south", Decimal::parse("2")}}), "3.5");
    EXPECT_EQ(gather({{{"north", {Decimal::parse("1.5"), Decimal::parse("2")}}, {"south", {}}}}),
              "3.5");
    const CppOfDocument readme = cpp_of_document("local_bus/README.md");
    EXPECT_GE(readme.blocks, 5);
    EXPECT_EQ(readme.faults, "");
}

bool knows_postgres(const std::string& library) {
    std::ifstream file(BATON_BINARY_DIR "/" + library, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_GT(bytes.size(), 1000U) << library;
    // The names of what it calls.
    return bytes.find("pqxx") != std::string::npos || bytes.find("PQexec") != std::string::npos ||
           bytes.find("N5baton3sql") != std::string::npos;
}

TEST(LocalBusTest, LinksNoDatabase) {
    EXPECT_FALSE(knows_postgres("local_bus/libbaton_local_bus.a"));
    EXPECT_TRUE(knows_postgres("sql/libbaton_sql.a"));  // so it would be seen
}

}  // namespace
}  // namespace baton::testing
