// A disk that is soon full.

#pragma once

#include "tests/process/child.hpp"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>

#include <filesystem>
#include <string>

namespace trueup::test {

// A file system of its own for one directory, gone with it.
class SmallDisk {
public:
    SmallDisk(const std::filesystem::path& directory, std::size_t kilobytes) : directory_(directory)
    {
        std::filesystem::create_directories(directory);
        // Not seen by anybody else, and gone with us whatever happens.
        usable_ = is_root() && ::unshare(CLONE_NEWNS) == 0 &&
                  ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                  ::mount("none", directory.c_str(), "tmpfs", 0, options(kilobytes).c_str()) == 0;
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk()
    {
        if (usable_)
            ::umount2(directory_.c_str(), MNT_DETACH);
    }

    bool usable() const { return usable_; }
    void grow(std::size_t kilobytes) const
    {
        REQUIRE(
            ::mount("none", directory_.c_str(), "tmpfs", MS_REMOUNT, options(kilobytes).c_str()) ==
            0);
    }

private:
    static std::string options(std::size_t kilobytes)
    {
        return "mode=700,size=" + std::to_string(kilobytes) + "k";
    }

    std::filesystem::path directory_;
    bool usable_ = false;
};

} // namespace trueup::test
