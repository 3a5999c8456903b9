// git as a test runs it: with an author, and without what the machine or the user configured.

#pragma once

#include "tests/support/process.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

namespace trueup::test {

// The first line that `git -C directory ...` prints. The test ends when git fails.
inline std::string git_in(const std::filesystem::path& directory,
                          std::vector<std::string> arguments)
{
    std::vector<std::string> command{"git", "-C", directory.string()};
    std::ranges::move(arguments, std::back_inserter(command));
    const Finished done = run_process(command,
                                      {{"GIT_CONFIG_NOSYSTEM", "1"},
                                       {"GIT_CONFIG_GLOBAL", "/dev/null"},
                                       {"GIT_AUTHOR_NAME", "a"},
                                       {"GIT_AUTHOR_EMAIL", "a@example.com"},
                                       {"GIT_COMMITTER_NAME", "a"},
                                       {"GIT_COMMITTER_EMAIL", "a@example.com"}});
    REQUIRE_MESSAGE(done.exit_code == 0, done.err);
    return done.out.substr(0, done.out.find('\n'));
}

} // namespace trueup::test
