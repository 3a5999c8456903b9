#include "reconciler/daemon/supervisor.hpp"

#include <systemd/sd-daemon.h>

#include <ctime>

namespace trueup {

namespace {

class SystemdSupervisor final : public Supervisor {
public:
    SystemdSupervisor()
    {
        std::uint64_t microseconds = 0;
        if (sd_watchdog_enabled(0, &microseconds) > 0)
            watchdog_ = std::chrono::microseconds(microseconds);
    }

    void ready() override { sd_notify(0, "READY=1"); }
    void reloading() override
    {
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC, &now);
        const auto microseconds = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
                                  static_cast<std::uint64_t>(now.tv_nsec) / 1000;
        send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
    }
    void stopping() override { sd_notify(0, "STOPPING=1"); }
    void status(const std::string& text) override { send("STATUS=" + text); }
    void alive() override { sd_notify(0, "WATCHDOG=1"); }
    std::optional<Duration> watchdog() const override { return watchdog_; }

private:
    static void send(const std::string& text) { sd_notify(0, text.c_str()); }

    std::optional<Duration> watchdog_;
};

} // namespace

std::unique_ptr<Supervisor> make_systemd_supervisor()
{
    return std::make_unique<SystemdSupervisor>();
}

} // namespace trueup
