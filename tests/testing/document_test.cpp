// The code that docs/testing.md shows stands in a program that is built, and run by verbs_test.

#include <gtest/gtest.h>

#include "end_to_end/document.hpp"

namespace baton::testing {
namespace {

TEST(TestingDocumentTest, CodeStandsInTheExample) {
    const CppOfDocument code = cpp_of_document("docs/testing.md");
    EXPECT_EQ(code.faults, "");
    EXPECT_EQ(code.blocks, 3);
}

}  // namespace
}  // namespace baton::testing
