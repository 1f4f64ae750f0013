// What the documents link to is there: files, and headings of documents.

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tidy/files.hpp"

namespace baton {
namespace {

namespace fs = std::filesystem;

// The lines of a document that are not shown as code.
std::vector<std::string> prose_of(const std::string& name) {
    std::vector<std::string> prose;
    bool is_code = false;
    for (const std::string& line : lines_of(read(name))) {
        if (line.starts_with("```")) {
            is_code = !is_code;
        } else if (!is_code) {
            prose.push_back(line);
        }
    }
    return prose;
}

// As GitHub makes it of a heading: "## An event's way" is #an-events-way.
std::string anchor_of(const std::string& heading) {
    std::string anchor;
    for (const char c : heading.substr(heading.find(' ') + 1)) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '_') {
            anchor += static_cast<char>(std::tolower(byte));
        } else if (c == ' ') {
            anchor += '-';
        }
    }
    return anchor;
}

std::set<std::string> anchors_of(const std::string& name) {
    const std::regex named(R"rx(<a name="([^"]+)">)rx");
    std::set<std::string> anchors;
    for (const std::string& line : prose_of(name)) {
        if (line.starts_with('#')) anchors.insert(anchor_of(line));
        std::smatch match;
        if (std::regex_search(line, match, named)) anchors.insert(match[1]);
    }
    return anchors;
}

TEST(LinksTest, WhatDocumentsLinkToIsThere) {
    const std::regex link(R"(\]\(([^)#: ]*)(?:#([^) ]+))?\))");
    int links = 0;
    for (const std::string& name : tracked()) {
        if (!name.ends_with(".md")) continue;
        for (const std::string& line : prose_of(name)) {
            for (std::sregex_iterator match(line.begin(), line.end(), link), end; match != end;
                 ++match) {
                ++links;
                const std::string path = (*match)[1];
                const fs::path target =
                    path.empty() ? fs::path(name)
                                 : (fs::path(name).parent_path() / path).lexically_normal();
                if (!fs::exists(root / target)) {
                    ADD_FAILURE() << name << ": there is no " << target;
                } else if ((*match)[2].matched && target.extension() == ".md") {
                    EXPECT_TRUE(anchors_of(target.string()).contains((*match)[2]))
                        << name << ": " << target << " has no heading for #" << (*match)[2];
                }
            }
        }
    }
    EXPECT_GT(links, 100);
}

}  // namespace
}  // namespace baton
