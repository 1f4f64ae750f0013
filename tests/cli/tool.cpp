#include "tool.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <system_error>

#include "baton/environments/environment.hpp"

namespace baton::testing {
namespace {

constexpr std::chrono::seconds longest_run{30};

std::filesystem::path make_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "baton-cli-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::system_error(errno, std::generic_category());
    // A server that root starts runs as another user, who must get through.
    std::filesystem::permissions(pattern, std::filesystem::perms(0755));
    return pattern;
}

}  // namespace

Tool::Tool() : folder_(make_folder()) {
    variables_["BATON_ENVIRONMENT"] = "";
    for (const environments::SettingRule& rule : environments::setting_rules()) {
        if (!rule.variable.empty()) variables_[std::string(rule.variable)] = "";
    }
}

Tool::Tool(const TestDatabase& database) : Tool() {
    set("DATABASE_URL", database.url());
    set("BATON_ENVIRONMENT", "test");
    set("BATON_KIND", "development");
}

Tool::~Tool() {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
}

ChildProcessOptions Tool::options(const std::vector<std::string>& arguments,
                                  const std::string& input) const {
    ChildProcessOptions options;
    options.arguments = {std::string(BATON_BINARY_DIR) + "/cli/baton"};
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
    options.environment = variables_;
    options.input = input;
    options.working_directory = folder_.string();
    return options;
}

Ran Tool::run(const std::vector<std::string>& arguments, const std::string& input) const {
    ChildProcess process(options(arguments, input));
    const auto status = process.wait(longest_run);
    const int code = status && status->code ? *status->code : -1;
    return {code, process.output(), process.error_output()};
}

std::string Tool::write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
}

void expect_refused(const Ran& ran, const std::string& line, int code) {
    EXPECT_EQ(ran.err, "baton: " + line + "\n");
    EXPECT_EQ(ran.code, code);
    EXPECT_EQ(ran.out, "");
}

void expect_has(const std::string& text, const std::vector<std::string>& parts) {
    for (const std::string& part : parts) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    }
}

std::string category_sales() {
    return R"(--! reducer category_sales version 1
create table category_sales__v1 (
    category text primary key, lines bigint not null, amount numeric, position bigint not null);
create function category_sales__v1() returns void language sql as $$
  insert into category_sales__v1 as v (category, lines, amount, position)
  select line ->> 'category', count(*), sum((line ->> 'amount')::numeric), max(e.position)
    from batch_event e cross join jsonb_array_elements(e.payload -> 'lines') line
   where e.type = 'order/placed' group by 1
  on conflict (category) do update
    set lines = v.lines + excluded.lines, amount = v.amount + excluded.amount,
        position = excluded.position
$$;
)";
}

std::string order(const std::string& category, const std::string& amount) {
    return R"({"lines": [{"category": ")" + category + R"(", "amount": ")" + amount + R"("}]})";
}

}  // namespace baton::testing
