"""After phase1, whether it succeeded or failed, the documents are written anew."""

import dagster as dg

REASON = {
    dg.DagsterRunStatus.SUCCESS: "report_after_phase1",
    dg.DagsterRunStatus.FAILURE: "report_after_failed_phase1",
}


def report_sensors(phase1, report) -> list[dg.SensorDefinition]:
    """One sensor for each end of phase1; a run-status sensor watches one status."""

    def sensor(status: dg.DagsterRunStatus, name: str) -> dg.SensorDefinition:
        @dg.run_status_sensor(
            name=name,
            run_status=status,
            monitored_jobs=[phase1],
            request_job=report,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Starts job report when phase1 has ended, so that a failure is reported.",
        )
        def start_report(context: dg.RunStatusSensorContext) -> dg.RunRequest:
            return dg.RunRequest(run_key=context.dagster_run.run_id)

        return start_report

    return [sensor(status, name) for status, name in REASON.items()]
