// What a reducer computes with.
#pragma once

#include <string>

inline std::string code_of(const std::string& account) { return account.substr(0, 2); }
