// That the program which is shipped has the hardening of script/cmake/BatonTargets.cmake: what
// readelf says of the binary that was built, not what the build was told.
#include <gtest/gtest.h>

#include "support/child_process.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

const std::string binary = std::string(BATON_BINARY_DIR) + "/cli/baton";

// Built as CI tests it, or with the checks of a sanitizer, which take the place of some of these.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

std::string output_of(const std::string& command) {
    ChildProcess process({.arguments = {"bash", "-euo", "pipefail", "-c", command}});
    const auto end = process.wait(60s);
    EXPECT_TRUE(end && end->code == 0) << command << ": " << process.error_output();
    return process.output();
}

void expect_contains(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in: " << text;
}

TEST(HardeningTest, ProgramIsLoadedAnywhereAndItsAddressesAreFixedBeforeItBegins) {
    expect_contains(output_of("readelf -hW " + binary), "Position-Independent Executable");
    expect_contains(output_of("readelf -lW " + binary), "GNU_RELRO");
    const std::string dynamic = output_of("readelf -dW " + binary);
    expect_contains(dynamic, "BIND_NOW");
    expect_contains(dynamic, "NOW PIE");
    const std::string stack = output_of("readelf -lW " + binary + " | grep GNU_STACK");
    EXPECT_EQ(stack.find("RWE"), std::string::npos) << stack;
}

TEST(HardeningTest, ProgramChecksItsStackAndItsCopies) {
    const std::string symbols = output_of("readelf --dyn-syms -W " + binary);
    expect_contains(symbols, "__stack_chk_fail");
    if (is_sanitized) GTEST_SKIP() << "the sanitizer checks copies by itself";
    // A function of libc whose checked form is called.
    expect_contains(symbols, "_chk@");
}

// The whole program is marked only where the C library's own files are. So it is asked of ours.
TEST(HardeningTest, OurCodeHasMarkedWhereItMayBeJumpedTo) {
#if defined(__x86_64__) && defined(__GNUC__)
    const std::string notes =
        output_of("readelf -nW " + std::string(BATON_BINARY_DIR) + "/sql/libbaton_sql.a");
    expect_contains(notes, "IBT, SHSTK");
#else
    GTEST_SKIP() << "only processors of this kind have it";
#endif
}

}  // namespace
}  // namespace baton::testing
