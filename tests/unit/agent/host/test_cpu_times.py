from agent.host.cpu_times import CpuTimes

LINE = "cpu  1 1 1 1 1 1 1 1 1 1\ncpu0 100 0 50 {idle} {iowait} 0 0 {steal} 0 0\nintr 5\n"


def held(times: CpuTimes, idle: int = 9000, iowait: int = 20, steal: int = 7) -> list[str]:
    return times.held(LINE.format(idle=idle, iowait=iowait, steal=steal)).split("\n")[1].split()


def test_a_counter_that_steps_back_keeps_its_value_until_it_is_passed() -> None:
    times = CpuTimes()
    assert held(times, iowait=20, steal=7)[5] == "20"
    assert held(times, iowait=19, steal=3)[5::3][:2] == ["20", "7"]
    assert held(times, iowait=25)[5] == "25"


def test_idle_time_that_falls_by_three_seconds_is_a_cpu_that_came_back() -> None:
    times = CpuTimes()
    held(times, idle=9000, iowait=20)
    assert held(times, idle=8701)[4] == "9000"
    assert held(times, idle=8700, iowait=1)[4:6] == ["8700", "1"]


def test_a_cpu_that_was_taken_away_is_forgotten() -> None:
    times = CpuTimes()
    held(times, idle=9000)
    times.held("cpu  1 1 1 1\nintr 5\n")
    assert held(times, idle=8900)[4] == "8900"


def test_everything_else_stays_as_it_is() -> None:
    text = "cpu  1 2\ncpu0 x y\nintr 5 6\nctxt 7\n"
    assert CpuTimes().held(text) == text
