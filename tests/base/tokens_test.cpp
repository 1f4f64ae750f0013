// What counts in a source text and what does not. Each text of a group says the same; no two groups
// do.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "baton/base/tokens.hpp"

namespace baton {
namespace {

using Groups = std::vector<std::vector<std::string>>;

void expect_groups(const std::function<std::string(std::string_view)>& tokens,
                   const Groups& groups) {
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const std::string first = tokens(groups[i].front());
        for (const std::string& text : groups[i]) {
            EXPECT_EQ(tokens(text), first) << groups[i].front() << "\n---\n" << text;
        }
        for (std::size_t other = 0; other < i; ++other) {
            EXPECT_NE(tokens(groups[other].front()), first) << groups[other].front() << "\n---\n"
                                                            << groups[i].front();
        }
    }
}

TEST(CppTokensTest, CommentsAndLayoutDoNotCount) {
    expect_groups(cpp_tokens,
                  {{"a += 1;", "a+=1;", "a // one\n  += /* two\n three */ 1 ;",
                    "a \\\n += 1; // goes on \\\n b",
                    "\xEF\xBB\xBF"
                    "a += 1;\r\n"},
                   {"a + = 1;"},
                   {"a += 100;"},
                   {"b = a + ++c;", "b=a+ ++c;"},
                   {"b = a++ + c;"},
                   {"std::vector<std::vector<int>> x;", "std::vector<std::vector<int> > x;"},
                   {"int x = 1'000;", "int x=1'000;"},
                   {"int x = 1000;"},
                   {"x = 1.5e-3;", "x=1.5e-3 ;"},
                   {"x = 1.5e - 3;"},
                   {"a < ::b", "a <::b", "a<::b"},
                   {"f(a, b)", "f( a,b )"},
                   {"ab"},
                   {"a b"}});
}

TEST(CppTokensTest, WhatLooksLikeACommentInALiteralIsNone) {
    expect_groups(cpp_tokens,
                  {{"s = \"http://a\"; x();", "s=\"http://a\";\nx(); // \"http://b\""},
                   {"s = \"http://b\"; x();"},
                   {"s = \"/* a */\";"},
                   {"s = \"/* b */\";"},
                   {"s = \"a  b\";"},
                   {"s = \"a b\";"},
                   {"s = \"\\\"// a\";"},
                   {"s = \"\\\"// b\";"},
                   {"c = '\"'; // a", "c = '\"';"},
                   {"c = '\\''; // a", "c = '\\''; /* ' */"},
                   {"s = u8\"a\";"},
                   {"s = u8 \"a\";"},
                   {"s = \"a\"_s;"},
                   {"s = \"a\" _s;"},
                   {"'"},
                   {"#error don't\nx = 1; // a", "#error don't\nx = 1;"},
                   {"#include <a//b>\n", "#include <a//b> // \"c\"\n", "#  include  <a//b>"},
                   {"#include <a//c>\n"}});
}

TEST(CppTokensTest, RawStringsAreAsTheyAre) {
    expect_groups(cpp_tokens, {{"s = R\"(a // b)\"; x();", "s=R\"(a // b)\";x(); // c"},
                               {"s = R\"(a // c)\"; x();"},
                               {"s = R\"(a  // b)\"; x();"},
                               {"s = R\"(a\\\n// b)\"; x();"},
                               {"s = R\"-(a)\" // b)-\"; x();"},
                               {"s = R\"-(a)\" // c)-\"; x();"},
                               {"s = u8R\"(/* a */)\";"},
                               {"s = LR\"(/* a */)\";"},
                               {"s = R\"(a\nb)\";", "s = R\"(a\r\nb)\";"},
                               {"s = xR\"(a // b)\";\n"}});
}

TEST(CppTokensTest, ADirectiveEndsWithItsLine) {
    expect_groups(cpp_tokens, {{"#define A b\nc", "# define A b // d\n\n c", "#define A \\\n b\nc",
                                "#define A /* \n */ b\nc", "%:define A b\nc"},
                               {"#define A b c"},
                               {"#define A(b) c"},
                               {"#define A (b) c"},
                               {"a #define"}});
}

TEST(SqlTokensTest, CommentsLayoutAndCaseDoNotCount) {
    expect_groups(sql_tokens, {{"select a+1 from b", "SELECT A + 1 -- c\n FROM b",
                                "select a /* c /* d */ e */ +1\r\nfrom b"},
                               {"select a+100 from b"},
                               {"select a<-1", "select a < -1", "select a <- 1"},
                               {"select a @- 1", "select a @-1"},
                               {"select a @ - 1"},
                               {"select \"A\""},
                               {"select \"a\""},
                               {"select \"a -- b\" -- c", "select \"a -- b\""},
                               {"select \"a \"\" -- c\""},
                               {"select e 'a'"},
                               {"select e'a'", "select E'a'"},
                               {"select a::text", "select a :: text"},
                               {"select $1"},
                               {"select 1.5e3", "select 1.5E3"},
                               {"for i in 1..10", "for i in 1 .. 10"}});
}

TEST(SqlTokensTest, LiteralsAreAsTheyAre) {
    expect_groups(sql_tokens, {{"select 'a -- b', c", "select 'a -- b' /* d */, c"},
                               {"select 'a -- c', c"},
                               {"select 'a  -- b', c"},
                               {"select 'a''-- b', c"},
                               {"select 'A -- b', c"},
                               {"select 'a\\' -- b\n, c", "select 'a\\', c"},
                               {"select e'a\\' -- b', c"},
                               {"select e'a\\' -- c', c"},
                               {"select $$a -- b$$, c"},
                               {"select $$a -- c$$, c"},
                               {"select $x$a $$ -- b$x$, c"},
                               {"select $x$a $$ -- c$x$, c"}});
}

TEST(SqlTokensTest, BodiesOfFunctionsAreRead) {
    expect_groups(
        sql_tokens,
        {{"create function f() returns int language sql as $$ select 1 $$;",
          "create function f() returns int language sql as $b$ -- c\n SELECT 1 /* d */ $b$;"},
         {"create function f() returns int as $$ select 1 $$ language 'sql';",
          "create function f() returns int as $$ select 1 -- c\n$$ language 'sql';"},
         {"create function f() returns int language sql as $$ select 2 $$;"},
         {"create function f() returns int language plpgsql as $$ begin execute 'a -- b'; end $$;",
          "create function f() returns int language plpgsql as $$ begin execute 'a -- b'; -- c\n"
          " end $$;"},
         {"create function f() returns int language plpgsql as $$ begin execute 'a -- c'; end $$;"},
         {"create function f() returns int language plpgsql as $$ begin execute $x$a -- b$x$; end "
          "$$;"},
         {"create function f() returns int language plpgsql as $$ begin execute $x$a -- c$x$; end "
          "$$;"},
         {"do $$ begin null; end $$;", "do $$ begin /* c */ null; end $$;"},
         {"create function f() returns int language plpython3u as $$\n  return 1 $$;"},
         {"create function f() returns int language plpython3u as $$\nreturn 1 $$;"}});
}

}  // namespace
}  // namespace baton
