from pipelines.bench import doors


def test_every_row_goes_through_both_doors_and_the_factors_are_those_of_the_figures() -> None:
    report = doors.run(rows=300)
    assert (report.suite, report.rows) == ("doors", 300)
    assert report.factor_in == report.ingest_s / report.scan_and_insert_s
    assert report.factor_out == report.release_s / report.write_s
    assert report.passed == (report.factor_in <= 2.0 and report.factor_out <= 2.5)
    said = doors.render(report)
    assert f"{report.factor_out:.1f} times (goal 2.5)" in said
